import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct CompletionTests {
    @Test(.row("1.4.2"))
    func `A callback gets the task itself, so a failure does not skip it`() {
        let log = Recorder<TaskStatus>()
        for outcome in [TaskHandle<Int>.failed(Failure()), .cancelled, .completed(1)] {
            outcome.markObserved()
            outcome.onCompletion(.synchronous) { log.record($0.status) }
        }
        #expect(log.entries == [.failed, .cancelled, .succeeded])
    }

    @Test(.row("1.4.1", "1.4.3"))
    func
        `Continuing only after success, failure or cancellation is a switch; the token of the continuation ends its wait at once`()
        async throws
    {
        for (outcome, expected) in [
            (Result<Int, any Error>.success(3), "3"), (.failure(Failure()), "failed"),
            (.failure(CancellationError()), "cancelled"),
        ] {
            let source = TaskCompletionSource<Int>()
            let token = CancellationTokenSource()
            let begun = TaskCompletionSource<Void>()
            let continuation = Task.run(cancellation: token.token) {
                begun.trySetResult()
                switch await source.task.outcome {
                case .success(let value): return "\(value)"
                case .failure(let error): return error is CancellationError ? "cancelled" : "failed"
                }
            }
            try await begun.task.value
            let impatient = Task.run(cancellation: token.token) { try await source.task.wait() }
            token.cancel()
            await #expect(throws: CancellationError.self) { try await impatient.value }
            #expect(source.task.status == .waiting && continuation.status == .running)
            switch outcome {
            case .success(let value): source.trySetResult(value)
            case .failure(let error): source.trySetError(error)
            }
            #expect(try await continuation.value == expected)
        }
    }

    @Test(.row("1.4.5"))
    func `Asynchronous callbacks are started before any synchronous one runs; synchronous ones run on the completer`()
        async throws
    {
        let source = TaskCompletionSource<Int>()
        let log = Recorder<String>()
        let done = TaskCompletionSource<Void>()
        source.task.onCompletion(.synchronous) { _ in
            // Registered first. Would never go on if the asynchronous one were started after it.
            while !done.task.isCompleted {}
            log.record("synchronous")
        }
        source.task.onCompletion { _ in
            log.record("asynchronous")
            done.trySetResult()
        }
        // It holds its thread: not one of Swift's own executor.
        let pool = try ThreadPool(.init(minThreads: 1))
        let isInside = Task.run(on: pool) {
            source.trySetResult(1)
            return log.entries == ["asynchronous", "synchronous"]
        }
        #expect(try await isInside.value)
        await pool.shutdown()
    }

    @Test(.row("1.1.19"))
    func `Chains of 12,000 synchronous callbacks do not overflow the stack`() {
        let sources = (0..<12_000).map { _ in TaskCompletionSource<Int>() }
        for (source, next) in zip(sources, sources.dropFirst()) {
            source.task.onCompletion(.synchronous) { task in
                next.trySetResult((try? task.result?.get()) ?? -1)
            }
        }
        sources[0].trySetResult(7)
        #expect(sources.last?.task.status == .succeeded)
    }

    @Test(.row("1.1.19"))
    func `Chains of 12,000 awaits do not overflow the stack`() async throws {
        let source = TaskCompletionSource<Int>()
        var task = source.task
        for _ in 0..<12_000 {
            let previous = task
            task = Task.run { try await previous.value + 1 }
        }
        source.trySetResult(0)
        #expect(try await task.value == 12_000)
    }

    @Test(.row("1.1.20"))
    func `Whoever waits is made runnable before the synchronous callbacks run`() {
        let executor = ManualExecutor()
        let source = TaskCompletionSource<Int>()
        let log = Recorder<Int>()
        executor.task { _ = try await source.task.value }
        executor.runUntilIdle()
        source.task.onCompletion(.synchronous) { _ in log.record(executor.pending) }
        source.trySetResult(1)
        #expect(log.entries == [1])
        executor.runUntilIdle()
    }
}
