import Concerto
import Testing

/// Synchronous callbacks that block, although they should not.
///
/// Cause: callbacks that come while another one runs on the thread are put off until it has ended, so that chains need no
/// stack; one that blocked waited for them for ever, if they were what it waited for.
@Suite(.leakFree) struct BlockingCallbackTests {
    private static func blocking<Success: Sendable>(
        _ body: @escaping @Sendable () async throws -> Success
    ) throws -> Success {
        try runBlocking(body)
    }

    @Test func `A callback on a context may block on what the context completes meanwhile`() async throws {
        let context = SynchronizationContext.withThread(named: "callbacks")
        defer { context.stop() }
        let first = TaskCompletionSource<Int>()
        let done = TaskCompletionSource<Int>()
        first.task.onCompletion(.synchronous) { _ in
            do {
                done.trySetResult(
                    try Self.blocking {
                        let second = TaskCompletionSource<Int>()
                        context.post { second.trySetResult(7) }
                        return try await Task.whenAny([second.task]).value
                    })
            } catch { done.trySetError(error) }
        }
        context.post { first.trySetResult(1) }
        #expect(try await done.task.value == 7)
    }

    @Test func `A callback may block on callbacks that it has set off itself, which run before`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1))
        let first = TaskCompletionSource<Int>()
        let second = TaskCompletionSource<Int>()
        let seen = TaskCompletionSource<Int>()
        second.task.onCompletion(.synchronous) { _ in seen.trySetResult(2) }
        let done = TaskCompletionSource<Int>()
        first.task.onCompletion(.synchronous) { _ in
            second.trySetResult(1)
            // Put off so far: no callback runs inside another one.
            let wasPutOff = !seen.task.isCompleted
            do {
                let value = try Self.blocking { try await seen.task.value }
                done.trySetResult(wasPutOff ? value : -1)
            } catch { done.trySetError(error) }
        }
        try await Task.run(on: pool) { _ = first.trySetResult(1) }.value
        #expect(try await done.task.value == 2)
        await pool.shutdown()
    }

    @Test func `Callbacks that are put off around a callback that blocks run once each, in order`() async throws {
        let pool = try ThreadPool(.init(minThreads: 1))
        let log = Recorder<Int>()
        let sources = (0..<5).map { _ in TaskCompletionSource<Int>() }
        for (number, source) in sources.enumerated() {
            source.task.onCompletion(.synchronous) { _ in
                log.record(number)
                if number == 0 { for next in sources.dropFirst() { next.trySetResult(1) } }
                if number == 2 { log.record((try? Self.blocking { 20 }) ?? -1) }
            }
        }
        try await Task.run(on: pool) { _ = sources[0].trySetResult(1) }.value
        // The one that blocks lets the others go before.
        #expect(log.entries == [0, 1, 2, 3, 4, 20])
        await pool.shutdown()
    }
}
