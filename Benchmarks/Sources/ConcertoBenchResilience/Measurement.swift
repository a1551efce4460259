import CMallocCount
import Concerto

/// What one call costs.
struct Measurement {
    let name: String
    /// Median over the runs.
    let nanoseconds: Double
    let allocations: Double
    /// What Polly 8 publishes for the same case, on other hardware (i7-13700H, .NET 9).
    var pollyNanoseconds: Double?

    /// Runs `body` over and over, and takes the median.
    ///
    /// - Parameter body: Makes as many calls as it is told. The loop is the row's own, so that what is measured is the
    ///   call, and not a closure around it.
    static func take(
        _ name: String, calls: Int, runs: Int, polly: Double? = nil,
        _ body: nonisolated(nonsending) (Int) async throws -> Void
    ) async rethrows -> Measurement {
        var times: [Double] = []
        var allocations = 0.0
        let clock = SuspendingClock()
        for run in 0...runs {
            let before = malloc_count()
            let start = clock.now
            try await body(calls)
            let elapsed = clock.now - start
            allocations = Double(malloc_count() - before) / Double(calls)
            // The first run warms up.
            if run > 0 { times.append(Double(elapsed.saturatingNanoseconds) / Double(calls)) }
        }
        times.sort()
        return Measurement(
            name: name, nanoseconds: times[times.count / 2], allocations: allocations, pollyNanoseconds: polly)
    }

    func line(runtime: String) -> String {
        var line = "{\"runtime\":\"\(runtime)\",\"workload\":\"resilience_\(name)\",\"ns\":\(rounded(nanoseconds))"
        line += ",\"allocations\":\(rounded(allocations))"
        if let pollyNanoseconds { line += ",\"polly_published_ns\":\(rounded(pollyNanoseconds))" }
        return line + "}"
    }

    private func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
