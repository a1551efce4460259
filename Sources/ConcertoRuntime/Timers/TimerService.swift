import CConcerto

/// The process's timer wheel and the thread that drives it.
///
/// The thread is started with the first timer and sleeps until the wheel has something to do. A timer wakes it only
/// when it comes before everything the thread already waits for; one that is cancelled never does.
///
/// A thread of its own, and not a worker of the pool: no job can delay a timer by running long or by blocking, and
/// timers work alike on both executors. The price is one thread switch for a batch of due timers.
final class TimerService: Sendable {
    static let shared = TimerService()

    private struct State: ~Copyable {
        var wheel: TimerWheel
        /// When the driver will look at the wheel next; a timer before that has to wake it.
        var nextLook = Int64.max
        var started = false
    }

    private let state = Locked(State(wheel: TimerWheel(now: concerto_now())))
    private let wakeUp = Event()

    /// Timers that wait.
    var pending: Int { state.withLock { $0.wheel.count } }

    /// Calls `action` on the driver once `deadline` (nanoseconds of `concerto_now`) has passed.
    func schedule(at deadline: Int64, _ payload: TimerNode.Payload) -> TimerNode {
        let node = TimerNode(deadline: deadline, payload: payload, service: self)
        let (first, earlier) = state.withLock { state in
            state.wheel.insert(node)
            let look = TimerWheel.start(of: TimerWheel.tick(for: deadline))
            let first = !state.started
            let earlier = look < state.nextLook
            state.started = true
            // The driver, once woken, sets this to what the wheel says; until then no other timer that is later
            // than this one has to wake it again.
            if earlier { state.nextLook = look }
            return (first, earlier)
        }
        if first { start() } else if earlier { wakeUp.signal() }
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

    private func start() {
        let body: @convention(c) (UnsafeMutableRawPointer?) -> Void = { raw in
            Unmanaged<TimerService>.fromOpaque(raw!).takeUnretainedValue().drive()
        }
        // The service lives as long as the process.
        let error = concerto_thread_start(body, Unmanaged.passRetained(self).toOpaque(), "concerto-timer", 0)
        precondition(error == 0, "cannot start the timer thread (errno \(error)): no timer of this process can fire")
    }

    private func drive() -> Never {
        var due: [TimerNode] = []
        while true {
            let deadline = state.withLock { state in
                state.wheel.advance(to: concerto_now(), into: &due)
                state.nextLook = state.wheel.nextDeadline() ?? .max
                return state.nextLook
            }
            if due.isEmpty {
                // A timer that came after the lock was released has signalled, and the wait returns at once.
                _ = wakeUp.wait(until: deadline)
                continue
            }
            // These are out of the wheel: `cancel` finds them gone, and nobody else touches their payload.
            for index in due.indices {
                let payload = due[index].payload
                due[index].payload = .none
                switch payload {
                case .action(let action): action()
                case .job(let job, let executor): executor.enqueue(job)
                case .none: break
                }
            }
            due.removeAll(keepingCapacity: due.count <= 1 << 16)
        }
    }
}
