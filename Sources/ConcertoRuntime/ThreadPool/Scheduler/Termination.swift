/// Counts the threads of a pool, so that a shutdown can wait for the last one.
final class Termination: Sendable {
    struct State {
        var threads = 0
        var closing = false
        var finished = false
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    func threadStarts() { state.withLock { $0.threads += 1 } }

    func threadEnds() {
        finish { $0.threads -= 1 }
    }

    func close() {
        finish { $0.closing = true }
    }

    func wait() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let finished = state.withLock { state in
                if !state.finished { state.waiters.append(continuation) }
                return state.finished
            }
            if finished { continuation.resume() }
        }
    }

    private func finish(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            guard state.closing, state.threads == 0, !state.finished else { return [UnsafeContinuation<Void, Never>]() }
            state.finished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
