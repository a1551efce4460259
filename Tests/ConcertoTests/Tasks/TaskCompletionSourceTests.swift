import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct TaskCompletionSourceTests {
    @Test(.row("1.1.1"))
    func `A final status never changes, and only a failed task has an error`() throws {
        let source = TaskCompletionSource<Int>()
        #expect(source.task.status == .waiting)
        #expect(source.task.result == nil)
        #expect(source.trySetError(Failure(1)))
        #expect(source.task.status == .failed)
        #expect(!source.trySetResult(1) && !source.trySetCancelled() && !source.trySetError(Failure(2)))
        source.task.cancel()
        #expect(source.task.status == .failed)
        #expect(throws: Failure(1)) { try source.task.result?.get() }
        #expect(TaskHandle<Int>.cancelled.status == .cancelled)
        #expect(TaskHandle.completed(1).status == .succeeded)
    }

    @Test(.row("1.1.2"))
    func `50 completers, 10,000 rounds: exactly one wins, and every one sees the final result at once`() async {
        let rounds = 10_000
        let sources = (0..<rounds).map { _ in TaskCompletionSource<Int>() }
        let winners = (0..<rounds).map { _ in Counter() }
        let wrong = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 1...50 {
                group.addTask {
                    for round in 0..<rounds {
                        // Every other completer comes from the other end, so that they meet.
                        let index = number.isMultiple(of: 2) ? round : rounds - 1 - round
                        let source = sources[index]
                        let won =
                            switch number % 3 {
                            case 0: source.trySetResult(number)
                            case 1: source.trySetError(Failure(number))
                            default: source.trySetCancelled()
                            }
                        let seen = source.task.result
                        if won { winners[index].add() }
                        switch seen {
                        case .success(let value)?: if won && value != number || value % 3 != 0 { wrong.add() }
                        case .failure(let error as Failure)?: if won && error.number != number { wrong.add() }
                        case .failure?: if won && number % 3 != 2 { wrong.add() }
                        case nil: wrong.add()
                        }
                        if source.task.status != seen.map(Self.status(of:)) { wrong.add() }
                    }
                }
            }
        }
        #expect(wrong.value == 0)
        #expect(winners.allSatisfy { $0.value == 1 })
    }

    private static func status(of result: Result<Int, any Error>) -> TaskStatus {
        switch result {
        case .success: .succeeded
        case .failure(let error): error is CancellationError ? .cancelled : .failed
        }
    }

    @Test(.row("1.1.3"))
    func `set on a completed source throws and changes nothing`() throws {
        let source = TaskCompletionSource<Int>()
        try source.setResult(1)
        #expect(throws: TaskAlreadyCompletedError.self) { try source.setResult(2) }
        #expect(throws: TaskAlreadyCompletedError.self) { try source.setError(Failure()) }
        #expect(throws: TaskAlreadyCompletedError.self) { try source.setCancelled() }
        #expect(try source.task.result?.get() == 1)
    }

    @Test(.row("1.1.4"))
    func `Several errors come out together in the given order; none at all is refused and leaves the task waiting`()
        async throws
    {
        let source = TaskCompletionSource<Int>()
        #expect(throws: ArgumentError.self) { try source.setErrors([]) }
        #expect(source.task.status == .waiting)
        try source.setErrors([Failure(1), Failure(2)])
        let error = await #expect(throws: AggregateError.self) { try await source.task.value }
        #expect(error?.errors as? [Failure] == [Failure(1), Failure(2)])
    }

    @Test(.row("1.1.5"))
    func `The source is completed by its own functions or by cancelling its task, never by a token at its creation`() {
        let plain = TaskCompletionSource<Int>()
        plain.task.cancel()
        #expect(plain.task.status == .cancelled)
        let asked = Counter()
        let own = TaskCompletionSource<Int>(onCancel: { asked.add() })
        own.task.cancel()
        #expect(own.task.status == .waiting && asked.value == 1)
        own.trySetResult(1)
        #expect(own.task.status == .succeeded)
    }

    @Test(.row("1.1.6", "1.1.8"))
    func `Awaiting a cancelled task throws CancellationError`() async throws {
        let source = TaskCompletionSource<Int>()
        try source.setCancelled()
        await #expect(throws: CancellationError.self) { try await source.task.value }
        let thrown = Task.run { () async throws -> Int in throw CancellationError() }
        await #expect(throws: CancellationError.self) { try await thrown.value }
        #expect(thrown.status == .cancelled)
    }

    @Test(.row("1.1.7"))
    func `Awaiting a failed task throws the error itself, unwrapped, every time`() async {
        final class Marked: Error {}
        let error = Marked()
        let task = TaskHandle<Int>.failed(error)
        for _ in 0..<2 {
            let thrown = await #expect(throws: Marked.self) { try await task.value }
            #expect(thrown === error)
        }
    }

    @Test(.row("1.10.5", "1.1.13"))
    func `Completed, failed and cancelled tasks and value tasks have ended when they are made`() async throws {
        #expect(TaskHandle.completed(3).status == .succeeded && TaskHandle<Int>.cancelled.status == .cancelled)
        let failed = TaskHandle<Int>.failed(Failure(2))
        #expect(failed.status == .failed)
        await #expect(throws: Failure(2)) { try await failed.value }
        #expect(try await TaskHandle.completed(3).value == 3)
        #expect(ValueTask.completed(3).isCompleted)
        #expect(try await ValueTask.completed(3).value == 3)
        #expect(ValueTask.completed.isCompleted)
        await #expect(throws: Failure(1)) { try await ValueTask<Int>.failed(Failure(1)).value }
        await #expect(throws: CancellationError.self) { try await ValueTask<Int>.cancelled.value }
    }

    @Test(.row("1.1.17", "1.1.18"))
    func `No awaiter runs inside the call that completes the task, with 1, 2 or 5 of them`() {
        for awaiters in [1, 2, 5] {
            let executor = ManualExecutor()
            let source = TaskCompletionSource<Int>()
            let log = Recorder<Int>()
            for number in 0..<awaiters {
                executor.task {
                    _ = try await source.task.value
                    log.record(number)
                }
            }
            executor.runUntilIdle()
            source.trySetResult(1)
            #expect(log.entries.isEmpty)
            executor.runUntilIdle()
            #expect(log.entries == Array(0..<awaiters))
        }
    }

    @Test(.row("1.1.18"))
    func `No awaiter runs inside the completing call through whenAll, whenAny or whenEach either`() {
        let executor = ManualExecutor()
        let source = TaskCompletionSource<Int>()
        let log = Recorder<String>()
        executor.task { log.record("all \(try await Task.whenAll([source.task]))") }
        executor.task { log.record("any \(try await Task.whenAny([source.task]).value)") }
        executor.task {
            for try await task in Task.whenEach([source.task]) { log.record("each \(try await task.value)") }
        }
        executor.runUntilIdle()
        source.trySetResult(1)
        #expect(log.entries.isEmpty)
        executor.runUntilIdle()
        #expect(log.entries.sorted() == ["all [1]", "any 1", "each 1"])
    }
}
