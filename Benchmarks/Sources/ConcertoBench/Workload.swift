import Concerto

/// One row of the comparison.
struct Workload: Sendable {
    struct Outcome: Sendable {
        var milliseconds: Double
        var extra: [(String, Double)] = []
    }

    let name: String
    /// Uses the pool by name; makes no sense on the stock executor.
    var needsPool = false
    /// Not part of `all`.
    var onlyByName = false
    let run: @Sendable () async -> Outcome

    /// A workload whose figure is how long its body takes.
    static func timed(
        _ name: String, needsPool: Bool = false, _ body: @escaping @Sendable () async throws -> Void
    ) -> Workload {
        Workload(name: name, needsPool: needsPool) { Outcome(milliseconds: await measure(body)) }
    }

    /// A workload of `count` items; also reports the nanoseconds of one.
    static func perItem(
        _ name: String, _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) -> Workload {
        Workload(name: name) {
            let milliseconds = await measure { try await body(count) }
            return Outcome(milliseconds: milliseconds, extra: [("ns_per_item", milliseconds * 1e6 / Double(count))])
        }
    }

    private static func measure(_ body: @Sendable () async throws -> Void) async -> Double {
        let start = ContinuousClock.now
        do { try await body() } catch { fatalError("a workload failed: \(error)") }
        return (ContinuousClock.now - start).milliseconds
    }

    static let all: [Workload] = tasks + coordination + time + blocking + threads + streams
}

extension Duration {
    var milliseconds: Double { Double(saturatingNanoseconds) / 1e6 }
}
