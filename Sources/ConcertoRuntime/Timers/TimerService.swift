import CConcerto
import Synchronization

/// The process's timer wheel and who drives it.
///
/// A thread of its own does, which is started with the first timer and sleeps until the wheel has something to do. A
/// timer wakes it only when it comes before everything the thread already waits for; one that is cancelled never
/// does. On a busy machine that thread has to wait for a processor like everybody else; so the workers of a pool,
/// which have one, look at the time now and then between two jobs, and drive what is due (``poll()``).
///
/// With a thread of its own no job can delay a timer by running long or by blocking, and timers work alike on both
/// executors. One party drives at a time (`driving`), so that timers fire in order.
final class TimerService: Sendable {
    static let shared = TimerService()

    struct State: ~Copyable {
        var wheel: TimerWheel
        /// When the driver thread will look at the wheel next; a timer before that has to wake it.
        var threadLook = Int64.max
        var started = false
        /// Somebody fires timers, outside of the lock.
        var driving = false
        /// The thread found somebody else driving, and waits to be told.
        var threadWaits = false
    }

    private let state = Locked(State(wheel: TimerWheel(now: concerto_now())))
    private let wakeUp = Event()
    /// When the wheel has something to do; a copy for ``poll()``, changed under the lock.
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

    /// Fires what is due, if anything is and nobody else does. By a worker between two jobs; costs a clock reading.
    @inline(__always)
    func poll() {
        let due = nextDue.load(ordering: .relaxed)
        if due != .max, due <= concerto_now() { drive() }
    }

    /// - Returns: When there is something to do next; `nil` if somebody else drives and will tell the thread.
    @discardableResult
    @inline(never)
    private func drive(asThread: Bool = false) -> Int64? {
        var due: [TimerNode] = []
        var begun = false
        while true {
            let (next, refused, wakes): (Int64, Bool, Bool) = state.withLock { state in
                if !begun, state.driving {
                    if asThread { state.threadWaits = true }
                    return (.max, true, false)
                }
                state.wheel.advance(to: concerto_now(), into: &due)
                let next = state.wheel.nextDeadline() ?? .max
                nextDue.store(next, ordering: .relaxed)
                state.driving = !due.isEmpty
                guard due.isEmpty else { return (next, false, false) }
                if asThread { state.threadLook = next }
                // The thread was turned away, and doesn't know what comes next.
                defer { state.threadWaits = false }
                return (next, false, !asThread && state.threadWaits)
            }
            if refused { return nil }
            if due.isEmpty {
                if wakes { wakeUp.signal() }
                return next
            }
            begun = true
            fire(&due)
        }
    }

    /// These are out of the wheel: `cancel` finds them gone, and nobody else touches their payload.
    private func fire(_ due: inout [TimerNode]) {
        // What is resumed here has waited long enough: it does not queue up behind a backlog of its own class.
        let slots = concerto_thread_self()
        let before = slots.pointee.urgent
        slots.pointee.urgent = true
        defer { slots.pointee.urgent = before }
        for index in due.indices {
            let payload = due[index].payload
            due[index].payload = .none
            switch payload {
            case .action(let action): action()
            case .job(let job, let executor): executor.enqueue(job)
            case .sleeper(let sleeper): sleeper.resume()
            case .none, .cancelled: break
            }
        }
        due.removeAll(keepingCapacity: due.count <= 1 << 16)
    }

    private func start() {
        let body: @convention(c) (UnsafeMutableRawPointer?) -> Void = { raw in
            Unmanaged<TimerService>.fromOpaque(raw!).takeUnretainedValue().runThread()
        }
        // The service lives as long as the process.
        let error = concerto_thread_start(body, Unmanaged.passRetained(self).toOpaque(), "concerto-timer", 0)
        precondition(error == 0, "cannot start the timer thread (errno \(error)): no timer of this process can fire")
    }

    private func runThread() -> Never {
        while true {
            // A timer that came after the lock was released has signalled, and the wait returns at once.
            _ = wakeUp.wait(until: drive(asThread: true) ?? .max)
        }
    }
}
