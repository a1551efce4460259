import ConcertoResilience

/// A gate that bodies wait at, deaf to cancellation, and that tells who has come.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrived = 0
        var waiting: [UnsafeContinuation<Void, Never>] = []
        var watchers: [(count: Int, continuation: UnsafeContinuation<Void, Never>)] = []
    }

    private let state = Guarded(State())

    func wait() async {
        await withUnsafeContinuation { continuation in
            let (passes, watchers) = state.withLock { state -> (Bool, [UnsafeContinuation<Void, Never>]) in
                state.arrived += 1
                if !state.isOpen { state.waiting.append(continuation) }
                let count = state.arrived
                let ready = state.watchers.filter { $0.count <= count }.map(\.continuation)
                state.watchers.removeAll { $0.count <= count }
                return (state.isOpen, ready)
            }
            for watcher in watchers { watcher.resume() }
            if passes { continuation.resume() }
        }
    }

    /// Waits until `count` bodies have come.
    func arrival(of count: Int = 1) async {
        await withUnsafeContinuation { continuation in
            let isHere = state.withLock { state in
                if state.arrived < count { state.watchers.append((count, continuation)) }
                return state.arrived >= count
            }
            if isHere { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
