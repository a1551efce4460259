#if Batch
import Concerto

/// The tasks that make the calls: a bounded window of them, whatever the input's length.
///
/// A worker holds one of `slots` while it works. A row that must wait (for its back-off, for a host that wants to be
/// left alone) gives its slot away, and another worker, a new one if need be, goes on with the next rows: a slow host
/// does not stop the others. Rows that have waited go before new ones. No more than `limit` workers live at a time; how
/// many rows may be held in memory is the row source's to say.
///
/// Invariants, under one lock: `free + working == slots`; a slot is free only if nobody waits for one; `live ≤ limit`.
final class WorkerCrew: Sendable {
    /// What a worker is doing, as far as stopping it is concerned.
    private enum Activity {
        /// Has a slot, may be stopped at any time.
        case working
        /// Is in the middle of a call that a drain lets finish.
        case calling
        /// Has given its slot away.
        case parked
        /// Has given its slot away because the input has nothing: no other worker would find a row either.
        case idle
    }

    private struct Member {
        var activity = Activity.working
        var task: Task<Void, Never>?
    }

    private struct State {
        var free: Int
        var members: [Int: Member] = [:]
        var nextID = 0
        /// Workers that wait for the input.
        var idle = 0
        /// Parked workers that want to go on, in order.
        var returning: [(id: Int, continuation: UnsafeContinuation<Void, Never>)] = []
        /// How many at the front of `returning` have gone on: thousands may wait, and each removal would move them all.
        var returned = 0
        var draining = false
        var cancelsCalls = false
        /// No worker is needed any more: the input has ended, or the crew drains.
        var complete = false
        var finished: UnsafeContinuation<Void, Never>?
    }

    private let state: Guarded<State>
    private let limit: Int
    private let work: @Sendable (WorkerCrew, Int) async -> Void

    /// - Parameters:
    ///   - slots: Workers that may work at a time.
    ///   - limit: Workers that may live at a time; at least `slots`.
    ///   - work: What a worker does; it has a slot when it begins.
    init(slots: Int, limit: Int, work: @escaping @Sendable (WorkerCrew, Int) async -> Void) {
        state = Guarded(State(free: slots))
        self.limit = max(slots, limit)
        self.work = work
    }

    /// Starts the workers and returns when the last one has ended.
    func run() async {
        let started = state.withLock { state in
            defer { state.free = 0 }
            return (0..<state.free).map { _ in Self.enlist(&state) }
        }
        for id in started { start(id) }
        await withUnsafeContinuation { continuation in
            let ended = state.withLock { state in
                if state.members.isEmpty { return true }
                state.finished = continuation
                return false
            }
            if ended { continuation.resume() }
        }
    }

    /// Whether worker `id` should take another row; if not, it must return.
    func continues(_ id: Int) -> Bool {
        state.withLock { !$0.draining && $0.returning.count == $0.returned }
    }

    /// Whether no further calls are to begin.
    var isDraining: Bool { state.withLock { $0.draining } }

    /// The input has ended: no worker will be needed for new rows.
    func inputEnded() {
        state.withLock { $0.complete = true }
    }

    /// Gives the slot of worker `id` away, for a wait.
    ///
    /// - Parameter forInput: The worker waits for the input: a row that has waited may have the slot, but no new worker
    ///   starts for rows that are not there.
    func park(_ id: Int, forInput: Bool = false) {
        let next = state.withLock { state -> Next in
            guard state.members[id]?.activity == .working else { return .nobody }
            state.members[id]?.activity = forInput ? .idle : .parked
            if forInput { state.idle += 1 }
            return release(&state)
        }
        perform(next)
    }

    /// Gets a slot back after ``park(_:)``. Does nothing if the worker has one.
    ///
    /// Cancellation is not observed: every slot comes back, and the waits that follow see the cancellation.
    func unpark(_ id: Int) async {
        await withUnsafeContinuation { continuation in
            let ready = state.withLock { state in
                guard let activity = state.members[id]?.activity, activity == .parked || activity == .idle else {
                    return true
                }
                if activity == .idle {
                    state.idle -= 1
                    state.members[id]?.activity = .parked
                }
                if state.free > 0 {
                    state.free -= 1
                    state.members[id]?.activity = .working
                    return true
                }
                state.returning.append((id, continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    /// Worker `id` begins a call that a drain lets finish.
    ///
    /// - Throws: `CancellationError` if the crew drains.
    func beginCall(_ id: Int) throws {
        try state.withLock { state in
            guard !state.draining else { throw CancellationError() }
            state.members[id]?.activity = .calling
        }
    }

    /// The call of worker `id` has ended.
    func endCall(_ id: Int) {
        let cancelled = state.withLock { state in
            state.members[id]?.activity = .working
            return state.draining ? state.members[id]?.task : nil
        }
        cancelled?.cancel()
    }

    /// Lets the calls under way finish and stops everything else.
    func drain() {
        let idle = state.withLock { state in
            state.draining = true
            state.complete = true
            return state.members.values.filter { $0.activity != .calling }.compactMap(\.task)
        }
        for task in idle { task.cancel() }
    }

    /// Stops the calls under way too.
    func cancelAll() {
        drain()
        let tasks = state.withLock { state in
            state.cancelsCalls = true
            return state.members.values.compactMap(\.task)
        }
        for task in tasks { task.cancel() }
    }

    private enum Next {
        case nobody
        case resume(UnsafeContinuation<Void, Never>)
        case start(Int)
    }

    /// Passes a slot on: to a worker that has waited, to a new one for the next rows, or to nobody.
    private func release(_ state: inout State) -> Next {
        if state.returned < state.returning.count {
            let (id, continuation) = state.returning[state.returned]
            state.returned += 1
            if state.returned > 64, state.returned * 2 > state.returning.count {
                state.returning.removeFirst(state.returned)
                state.returned = 0
            }
            state.members[id]?.activity = .working
            return .resume(continuation)
        }
        if !state.complete, state.idle == 0, state.members.count < limit { return .start(Self.enlist(&state)) }
        state.free += 1
        return .nobody
    }

    private static func enlist(_ state: inout State) -> Int {
        state.nextID += 1
        state.members[state.nextID] = Member()
        return state.nextID
    }

    private func perform(_ next: Next) {
        switch next {
        case .nobody: break
        case .resume(let continuation): continuation.resume()
        case .start(let id): start(id)
        }
    }

    private func start(_ id: Int) {
        let task = Task {
            await self.work(self, id)
            self.end(id)
        }
        // The worker may have ended, or a drain may have begun, before its task was known.
        let cancelled = state.withLock { state in
            state.members[id]?.task = task
            return state.draining && (state.cancelsCalls || state.members[id]?.activity != .calling)
        }
        if cancelled { task.cancel() }
    }

    private func end(_ id: Int) {
        let (next, finished) = state.withLock { state -> (Next, UnsafeContinuation<Void, Never>?) in
            let activity = state.members.removeValue(forKey: id)?.activity
            if activity == .idle { state.idle -= 1 }
            let had = activity != .parked && activity != .idle
            let next = had ? release(&state) : .nobody
            guard state.members.isEmpty else { return (next, nil) }
            defer { state.finished = nil }
            return (next, state.finished)
        }
        perform(next)
        finished?.resume()
    }
}
#endif
