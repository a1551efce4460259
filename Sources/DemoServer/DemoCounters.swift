#if CLI
import Synchronization

/// What a ``DemoServer`` counts of its own things: looks at a job, tokens, jobs.
final class DemoCounters: Sendable {
    private struct State {
        var counts: [String: Int] = [:]
        var jobs: [String: Int] = [:]
        var lastJob = 0
    }

    private let state = Mutex(State())

    /// Counts, from 1.
    func next(_ name: String) -> Int {
        state.withLock { state in
            state.counts[name, default: 0] += 1
            return state.counts[name, default: 0]
        }
    }

    /// The number of the job that was made with a key, or of a new one.
    func number(of key: String?) -> Int {
        state.withLock { state in
            if let key, let known = state.jobs[key] { return known }
            state.lastJob += 1
            if let key { state.jobs[key] = state.lastJob }
            return state.lastJob
        }
    }
}
#endif
