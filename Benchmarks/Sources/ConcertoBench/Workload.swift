import Concerto

/// One row of the comparison.
struct Workload: Sendable {
    struct Outcome: Sendable {
        var milliseconds: Double
        var extra: [(String, Double)] = []
    }

    let name: String
    /// Stands on a primitive of this program until the library has one.
    var isProvisional = false
    /// Uses the pool by name; makes no sense on the stock executor.
    var needsPool = false
    /// Not part of `all`.
    var onlyByName = false
    let run: @Sendable () async -> Outcome

    /// A workload whose figure is how long its body takes.
    static func timed(
        _ name: String, provisional: Bool = false, needsPool: Bool = false, _ body: @escaping @Sendable () async -> Void
    ) -> Workload {
        Workload(name: name, isProvisional: provisional, needsPool: needsPool) {
            let start = ContinuousClock.now
            await body()
            return Outcome(milliseconds: (ContinuousClock.now - start).milliseconds)
        }
    }

    static let all: [Workload] = tasks + coordination + time + blocking + threads
}

extension Duration {
    var milliseconds: Double { Double(saturatingNanoseconds) / 1e6 }
}
