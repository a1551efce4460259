import CConcerto
import Synchronization

/// The process's timer wheel and who drives it.
///
/// A thread of its own does, which is started with the first timer and sleeps until the wheel has something to do. A
/// timer wakes it only when it comes before everything the thread already waits for; one that is cancelled never
/// does. On a busy machine that thread has to wait for a processor like everybody else; so the workers of a pool,
/// which have one, look at the time now and then between two jobs, and resume the tasks that are due (``lendHand()``).
///
/// With a thread of its own no job can delay a timer by running long or by blocking, and timers work alike on both
/// executors; only a timer's own action can hold up those after it. One party drives at a time (`driving`), so that
/// timers fire in order.
final class TimerService: Sendable {
    static let shared = TimerService()

    struct State: ~Copyable {
        var wheel: TimerWheel
        /// When the driver thread will look at the wheel next; a timer before that has to wake it.
        var threadLook = Int64.max
        var started = false
        /// Somebody fires timers, outside of the lock.
        var driving = false
        /// The thread found a worker driving, and waits to be told.
        var threadWaits = false
        /// Due timers that a worker met and left to the thread; they come before all in the wheel.
        var left: [TimerNode] = []
    }

    private let state = Locked(State(wheel: TimerWheel(now: concerto_now())))
    private let wakeUp = Event()
    /// When the wheel has something to do; a copy for ``isDue``, changed under the lock.
    private let nextDue = Atomic(Int64.max)

    /// Timers that wait.
    var pending: Int { state.withLock { $0.wheel.count } }

    /// Fires what `payload` says once `deadline` (nanoseconds of `concerto_now`) has passed.
    func schedule(at deadline: Int64, _ payload: TimerNode.Payload) -> TimerNode {
        let node = TimerNode(deadline: deadline, payload: payload, service: self)
        tell(state.withLock { insert(node, &$0) })
        return node
    }

    /// Takes a timer back. What it holds is released here, outside the lock.
    func remove(_ node: TimerNode) -> Bool {
        let payload: TimerNode.Payload? = state.withLock { state in
            guard state.wheel.remove(node) else { return nil }
            defer { node.payload = .none }
            return node.payload
        }
        return payload != nil
    }

    // MARK: Sleeping

    /// Begins a sleep; resumes `sleeper` at the node's deadline, or at once if ``cancelSleep(_:)`` came first.
    func sleep(_ node: TimerNode, _ sleeper: UnsafeContinuation<Void, any Error>) {
        let notice: Notice? = state.withLock { state in
            if case .cancelled = node.payload { return nil }
            node.payload = .sleeper(sleeper)
            return insert(node, &state)
        }
        if let notice { tell(notice) } else { sleeper.resume(throwing: CancellationError()) }
    }

    /// Ends a sleep, or keeps it from beginning. The driver, this and ``sleep(_:_:)`` race: who takes the payload
    /// under the lock resumes the sleeper, outside of it.
    func cancelSleep(_ node: TimerNode) {
        let sleeper: UnsafeContinuation<Void, any Error>? = state.withLock { state in
            guard state.wheel.remove(node) else {
                if node.sequence == TimerNode.neverInserted { node.payload = .cancelled }
                return nil
            }
            guard case .sleeper(let sleeper) = node.payload else { return nil }
            node.payload = .none
            return sleeper
        }
        sleeper?.resume(throwing: CancellationError())
    }

    // MARK: Driving

    /// Whom an insertion has to tell.
    private enum Notice {
        case nobody, thread, firstTimer
    }

    private func insert(_ node: TimerNode, _ state: inout State) -> Notice {
        state.wheel.insert(node)
        let look = TimerWheel.start(of: TimerWheel.tick(for: node.deadline))
        if look < nextDue.load(ordering: .relaxed) { nextDue.store(look, ordering: .relaxed) }
        guard state.started else {
            state.started = true
            state.threadLook = look
            return .firstTimer
        }
        guard look < state.threadLook else { return .nobody }
        // The thread, once woken, sets this to what the wheel says; until then no later timer has to wake it again.
        state.threadLook = look
        return .thread
    }

    private func tell(_ notice: Notice) {
        switch notice {
        case .nobody: break
        case .thread: wakeUp.signal()
        case .firstTimer: start()
        }
    }

    /// Whether a timer may be due. Costs a clock reading if any timer waits at all.
    @inline(__always)
    var isDue: Bool {
        let due = nextDue.load(ordering: .relaxed)
        return due != .max && due <= concerto_now()
    }

    /// One turn of a pool's worker: resumes the tasks whose time has come, if nobody else drives.
    ///
    /// A worker runs nobody's code but that of executors: from the first timer with an action on, what is due is
    /// left to the thread, which may be held up.
    @inline(never)
    func lendHand() {
        var due: [TimerNode] = []
        let drives = state.withLock { state in
            guard !state.driving, state.left.isEmpty else {
                // Whoever drives says what is due when it has done; until then nobody need ask.
                nextDue.store(.max, ordering: .relaxed)
                return false
            }
            advance(&state, into: &due)
            state.driving = !due.isEmpty
            return state.driving
        }
        guard drives else { return }
        let resumable = due.firstIndex { $0.hasAction } ?? due.endIndex
        fire(due[..<resumable])
        let tells = state.withLock { state in
            state.driving = false
            state.left.append(contentsOf: due[resumable...])
            if state.left.isEmpty { nextDue.store(state.wheel.nextDeadline() ?? .max, ordering: .relaxed) }
            return state.threadWaits || !state.left.isEmpty
        }
        if tells { wakeUp.signal() }
    }

    /// Fires everything that is due.
    ///
    /// - Returns: When there is something to do next; `nil` if a worker drives, who will tell this thread.
    private func drive() -> Int64? {
        var due: [TimerNode] = []
        while true {
            let next: Int64? = state.withLock { state in
                // From the second round on it is this thread that drives.
                if state.driving, due.isEmpty {
                    state.threadWaits = true
                    return nil
                }
                state.threadWaits = false
                due = state.left
                state.left = []
                advance(&state, into: &due)
                state.driving = !due.isEmpty
                state.threadLook = state.wheel.nextDeadline() ?? .max
                return state.threadLook
            }
            if due.isEmpty { return next }
            fire(due[...])
        }
    }

    private func advance(_ state: inout State, into due: inout [TimerNode]) {
        state.wheel.advance(to: concerto_now(), into: &due)
        nextDue.store(state.wheel.nextDeadline() ?? .max, ordering: .relaxed)
    }

    /// These are out of the wheel: `cancel` finds them gone, and nobody else touches their payload.
    private func fire(_ due: ArraySlice<TimerNode>) {
        // What is resumed here has waited long enough: it does not queue up behind a backlog of its own class.
        let slots = concerto_thread_self()
        let before = slots.pointee.urgent
        slots.pointee.urgent = true
        defer { slots.pointee.urgent = before }
        for node in due {
            let payload = node.payload
            node.payload = .none
            switch payload {
            case .action(let action): action()
            case .job(let job, let executor): executor.enqueue(job)
            case .sleeper(let sleeper): sleeper.resume()
            case .none, .cancelled: break
            }
        }
    }

    private func start() {
        let body: @convention(c) (UnsafeMutableRawPointer?) -> Void = { raw in
            Unmanaged<TimerService>.fromOpaque(raw!).takeUnretainedValue().runThread()
        }
        // The service lives as long as the process.
        let error = concerto_thread_start(body, Unmanaged.passRetained(self).toOpaque(), "concerto-timer", 0)
        demand(error == 0, "cannot start the timer thread (errno \(error)): no timer of this process can fire")
    }

    private func runThread() -> Never {
        while true {
            // A timer that came after the lock was released has signalled, and the wait returns at once.
            _ = wakeUp.wait(until: drive() ?? .max)
        }
    }
}
