import Concerto
import ConcertoTesting
import Dispatch
import Testing

@Suite(.leakFree) struct CancellationThreadsTests {
    // Cause: handlers ran where timers are driven, and one that blocked held up every timer of the process.
    @Test func `Handlers of deadlines that block hold up neither timers nor other deadlines`() async throws {
        // On a slow machine the deadline comes before the handler is there, which then runs, and blocks, where the body is.
        let pool = try ThreadPool(.init(minThreads: 1))
        let release = DispatchSemaphore(value: 0)
        let blockers = 3
        let entered = AsyncCountdownEvent(count: blockers)
        let blocked = (0..<blockers).map { _ in
            Task.run(on: pool) {
                // Ended by the handler last of all: a body that goes on would wait for its handler in the runtime.
                let ended = TaskCompletionSource<Void>()
                await withDeadline(in: .milliseconds(1)) {
                    await withTaskCancellationHandler {
                        await ended.task.settled()
                    } onCancel: {
                        _ = try? entered.signal()
                        release.wait()
                        ended.trySetResult()
                    }
                }
            }
        }
        let source = CancellationTokenSource()
        let called = TaskCompletionSource<Void>()
        let registration = source.token.register {
            called.trySetResult()
            release.wait()
        }
        try source.cancel(after: .milliseconds(1))
        try await entered.wait()
        await called.task.settled()
        for _ in 0..<20 { try await Task.delay(for: .milliseconds(1)) }
        await #expect(throws: CancellationError.self) {
            try await withDeadline(in: .milliseconds(1)) { try await Task.delay(for: .seconds(1_000)) }
        }
        for _ in 0...blockers { release.signal() }
        for task in blocked { try await task.value }
        await registration.dispose()
        await pool.shutdown()
    }

    @Test func `A deadline ends code that computes on every thread there is`() async throws {
        _ = try await Task.whenAll(
            (0..<8).map { _ in
                { @Sendable () async throws -> Void in
                    await withDeadline(in: .milliseconds(2)) { while !Task.isCancelled {} }
                    let source = try CancellationTokenSource(cancelAfter: .milliseconds(2))
                    await withCancellation(of: source.token) { while !Task.isCancelled {} }
                }
            })
    }
}
