import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct TaskHandleTests {
    let executor = ManualExecutor()

    @Test(.row("1.1.1"))
    func `A task goes from created over waiting and running to its end`() async throws {
        let gate = TaskCompletionSource<Void>()
        let task = TaskHandle<Int>(name: "answer") {
            try await gate.task.value
            return 42
        }
        #expect(task.status == .created)
        try task.start(on: executor)
        #expect(task.status == .waiting)
        executor.runUntilIdle()
        #expect(task.status == .running && !task.isCompleted)
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(task.status == .succeeded && task.isCompleted)
        #expect(try await task.value == 42)
        #expect(throws: TaskAlreadyStartedError.self) { try task.start() }
        #expect(task.name == "answer")
        #expect(task.creationSite.hasPrefix("ConcertoTests/TaskHandleTests.swift:"))
        #expect(task.id != TaskHandle.completed(1).id)
    }

    @Test(.row("1.1.10"))
    func `A body that throws CancellationError makes the task cancelled, any other error failed`() async {
        let cancelled = Task.run { throw CancellationError() }
        let failed = Task.run { throw Failure(1) }
        await cancelled.settled()
        await failed.settled()
        #expect(cancelled.status == .cancelled)
        #expect(failed.status == .failed)
    }

    @Test(.row("1.1.11"))
    func `A token that is cancelled already, or before the body starts, keeps the body from ever running`() async {
        let ran = Counter()
        let never = Task.run(cancellation: .cancelled) { _ = ran.add() }
        #expect(never.status == .cancelled)
        let source = CancellationTokenSource()
        let queued = Task.run(on: executor, cancellation: source.token) { _ = ran.add() }
        source.cancel()
        #expect(queued.status == .cancelled)
        executor.runUntilIdle()
        #expect(ran.value == 0)
    }

    @Test(.row("1.1.11"))
    func `Cancelling after the body has started only asks it`() async throws {
        let source = CancellationTokenSource()
        let gate = TaskCompletionSource<Void>()
        let task = Task.run(on: executor, cancellation: source.token) {
            await gate.task.settled()
            return Task.isCancelled
        }
        executor.runUntilIdle()
        source.cancel()
        #expect(task.status == .running)
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(try await task.value, "the body saw it and chose to end normally")
    }

    @Test(.row("1.1.12", "1.1.14"))
    func `An asynchronous body needs no unwrapping: the handle ends as the body does`() async throws {
        let inner = TaskHandle.completed(5)
        #expect(try await Task.run { try await inner.value }.value == 5)
        #expect(inner.handle === inner)
        #expect(ValueTask(task: inner).handle === inner)
    }

    @Test(.row("1.1.22"))
    func `A task that has ended lets go of its body and what the body captured`() async throws {
        final class Big: Sendable {}
        weak var captured: Big?
        let task: TaskHandle<Int>
        do {
            let big = Big()
            captured = big
            task = Task.run(on: executor) {
                withExtendedLifetime(big) {}
                return 1
            }
        }
        executor.runUntilIdle()
        #expect(try await task.value == 1)
        #expect(captured == nil)
    }

    @Test func `Many tasks await one, and it is served in the order in which they came`() {
        let source = TaskCompletionSource<Int>()
        let log = Recorder<Int>()
        for number in 0..<10 {
            executor.task {
                _ = try await source.task.value
                log.record(number)
            }
        }
        executor.runUntilIdle()
        source.trySetResult(1)
        executor.runUntilIdle()
        #expect(log.entries == Array(0..<10))
    }

    @Test func `Awaiting a task that has ended neither suspends nor hops`() throws {
        let task = TaskHandle.completed(1)
        let handle = executor.task {
            for _ in 0..<100 { _ = try await task.value }
        }
        #expect(executor.runUntilIdle() == 1)
        withExtendedLifetime(handle) {}
    }

    @Test(.row("1.6.9"))
    func `Task-local values flow into a task, and changes inside stay inside`() async throws {
        let seen = try await Local.$value.withValue(7) { try await Task.run { Local.value }.value }
        #expect(seen == 7)
        #expect(Local.value == 0)
    }
}
