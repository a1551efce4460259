import CConcerto
import ConcertoRuntime
import Dispatch

/// Runs what the end of a delay sets off: the handlers and callbacks of what is cancelled then, which are foreign code.
///
/// Not where timers are driven: a handler that blocks would hold up every timer of the process. Not on the pool: code
/// that computes until it is cancelled may hold all of its threads, and its cancellation would wait for one of them. So
/// there is a thread for it, which is started by the first deadline that passes and ends when it has had nothing to do
/// for ten seconds. It does one thing after the other; when it has been in the same handler for some milliseconds while
/// others wait, another thread is started beside it.
package final class CancellationThreads: Sendable {
    package static let shared = CancellationThreads()

    private static let limit = 64
    private static let patience = Duration.milliseconds(5)
    private static let idleTimeout = DispatchTimeInterval.seconds(10)

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var next = 0
        var threads = 0
        /// Threads that wait for `signal` and have not been promised one.
        var idle = 0
        /// Whether a timer will look at the progress.
        var isWatched = false
        /// Counts what has been taken from the queue.
        var taken: UInt64 = 0
    }

    private enum Step {
        case nothing
        case wake
        case start
        case watch(taken: UInt64)
    }

    private let state = Guarded(State())
    private let signal = DispatchSemaphore(value: 0)

    /// Runs `action` soon, after what was handed over before it has begun.
    package func run(_ action: @escaping @Sendable () -> Void) {
        perform(
            state.withLock { state in
                state.queue.append(action)
                if state.idle > 0 {
                    state.idle -= 1
                    return .wake
                }
                if state.threads == 0 {
                    state.threads = 1
                    return .start
                }
                guard !state.isWatched else { return .nothing }
                state.isWatched = true
                return .watch(taken: state.taken)
            })
    }

    /// Looks whether anything has been taken since `taken`.
    private func look(since taken: UInt64) {
        let (isStuck, step) = state.withLock { state -> (Bool, Step) in
            guard state.next < state.queue.count else {
                state.isWatched = false
                return (false, .nothing)
            }
            let isStuck = state.taken == taken && state.idle == 0 && state.threads < Self.limit
            if isStuck { state.threads += 1 }
            return (isStuck, .watch(taken: state.taken))
        }
        if isStuck { perform(.start) }
        perform(step)
    }

    private func perform(_ step: Step) {
        switch step {
        case .nothing: break
        case .wake: signal.signal()
        case .watch(let taken):
            let clock = MonotonicClock()
            _ = clock.schedule(at: clock.now.advanced(by: Self.patience)) { self.look(since: taken) }
        case .start:
            let body: @convention(c) (UnsafeMutableRawPointer?) -> Void = { raw in
                Unmanaged<CancellationThreads>.fromOpaque(raw!).takeUnretainedValue().work()
            }
            // `shared` lives as long as the process.
            guard concerto_thread_start(body, Unmanaged.passUnretained(self).toOpaque(), "concerto-cancel", 0) == 0
            else {
                // No memory or no thread left. What waits is queued; the next look tries again.
                let step = state.withLock { state -> Step in
                    state.threads -= 1
                    guard !state.isWatched else { return .nothing }
                    state.isWatched = true
                    return .watch(taken: state.taken)
                }
                return perform(step)
            }
        }
    }

    private func work() {
        // What is cancelled here has waited long enough: it overtakes its class on the pool.
        concerto_thread_self().pointee.urgent = true
        while true {
            if let action = takeOrIdle() {
                action()
            } else if signal.wait(timeout: .now() + Self.idleTimeout) == .timedOut {
                let leaves = state.withLock { state in
                    guard state.idle > 0 else { return false }
                    state.idle -= 1
                    state.threads -= 1
                    return true
                }
                if leaves { return }
                // Every idle thread has been promised a signal: this one's is on its way.
                signal.wait()
            }
        }
    }

    private func takeOrIdle() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard state.next < state.queue.count else {
                state.queue.removeAll(keepingCapacity: state.queue.count <= 1 << 16)
                state.next = 0
                state.idle += 1
                return nil
            }
            defer {
                state.queue[state.next] = {}
                state.next += 1
                state.taken &+= 1
            }
            return state.queue[state.next]
        }
    }
}
