import Concerto
import ConcertoResilience
import Dispatch
import Testing

struct TimeoutHandlersTests {
    /// Regression: a timeout cancelled its body where timers are driven, and a handler that blocked there held up every
    /// timer of the process.
    @Test func handlersThatBlockHoldUpNeitherTimersNorOtherDeadlines() async throws {
        // On a slow machine the time is up before the handler is there, which then runs, and blocks, where the body is.
        let pool = try ThreadPool(.init(minThreads: 1))
        let timeout = Timeout(.milliseconds(1), kind: .native)
        let release = DispatchSemaphore(value: 0)
        let entered = Gate()
        let ended = Gate()
        let blocked = Task(executorPreference: pool) {
            try await timeout.execute {
                // Opened by the handler last of all: a body that goes on would wait for its handler in the runtime.
                await withTaskCancellationHandler {
                    await ended.wait()
                } onCancel: {
                    entered.open()
                    release.wait()
                    ended.open()
                }
                try Task.checkCancellation()
            }
        }
        await entered.wait()
        try await MonotonicClock().sleep(for: .milliseconds(1))
        await #expect(throws: TimeoutError.self) {
            try await timeout.execute { try await MonotonicClock().sleep(for: .seconds(1_000)) }
        }
        release.signal()
        await #expect(throws: TimeoutError.self) { try await blocked.value }
        await pool.shutdown()
    }
}
