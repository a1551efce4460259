import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct TaskWaitTests {
    let executor = ManualExecutor()
    let clock = ManualClock()

    @Test(.row("1.1.16"))
    func `A bad timeout is refused before anything else, also on a task that has ended`() async {
        await #expect(throws: ArgumentError.self) { try await TaskHandle.completed(1).wait(timeout: .milliseconds(-2)) }
    }

    @Test(.row("1.1.16"))
    func `A task that has ended wins over a cancelled token, a cancelled task and a timeout of zero`() async throws {
        #expect(try await TaskHandle.completed(1).wait(timeout: .zero, cancellation: .cancelled) == 1)
        await #expect(throws: Failure(1)) { try await TaskHandle<Int>.failed(Failure(1)).wait(timeout: .zero) }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await TaskHandle.completed(2).wait()
        }
        #expect(try await task.value == 2)
    }

    @Test(.row("1.1.16"))
    func `Time and cancellation end the wait, not the task`() async throws {
        let source = TaskCompletionSource<Int>()
        let token = CancellationTokenSource()
        await #expect(throws: TimeoutError(limit: .zero)) { try await source.task.wait(timeout: .zero) }
        await #expect(throws: CancellationError.self) { try await source.task.wait(cancellation: .cancelled) }
        let clock = clock
        let timed = executor.task { try await source.task.wait(timeout: .seconds(1), clock: clock) }
        let cancelled = executor.task { try await source.task.wait(cancellation: token.token) }
        let patient = executor.task { try await source.task.wait(timeout: .seconds(9), clock: clock) }
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        token.cancel()
        executor.runUntilIdle()
        await #expect(throws: TimeoutError(limit: .seconds(1))) { try await timed.value }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(source.task.status == .waiting)
        source.trySetResult(4)
        executor.runUntilIdle()
        #expect(try await patient.value == 4)
        #expect(clock.pending == 0)
    }

    @Test(.row("1.1.16"))
    func `Swift's own task can be waited for with a limit, and runs on`() async throws {
        let gate = TaskCompletionSource<Int>()
        let task = Task { try await gate.task.value }
        await #expect(throws: TimeoutError.self) { try await task.wait(timeout: .zero) }
        gate.trySetResult(3)
        #expect(try await task.wait() == 3)
    }

    @Test(.row("1.1.15"))
    func `A delay of zero does not suspend, a cancelled token or task wins over it, a negative one is refused`()
        async throws
    {
        executor.task { try await Task.delay(for: .zero) }
        #expect(executor.runUntilIdle() == 1)
        await #expect(throws: CancellationError.self) { try await Task.delay(for: .zero, cancellation: .cancelled) }
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await Task.delay(for: .zero)
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        await #expect(throws: ArgumentError.self) { try await Task.delay(for: .seconds(-1)) }
    }

    @Test(.row("1.1.15"))
    func `A delay ends with its clock, or at once when cancelled, and its timer is gone then`() async throws {
        let clock = clock
        let token = CancellationTokenSource()
        let first = executor.task { try await Task.delay(for: .seconds(1), clock: clock) }
        let second = executor.task {
            try await Task.delay(for: .seconds(1_000), clock: clock, cancellation: token.token)
        }
        let third = executor.task { try await Task.delay(until: .distantFuture, clock: clock) }
        executor.runUntilIdle()
        #expect(clock.pending == 3)
        clock.advance(by: .seconds(1))
        token.cancel()
        third.cancel()
        executor.runUntilIdle()
        try await first.value
        await #expect(throws: CancellationError.self) { try await second.value }
        await #expect(throws: CancellationError.self) { try await third.value }
        #expect(clock.pending == 0)
    }

    @Test func `A delay on the real clock ends`() async throws {
        try await Task.delay(for: .milliseconds(2))
    }
}

@Suite(.leakFree) struct DeadlineTests {
    let executor = ManualExecutor()
    let clock = ManualClock()

    @Test func `The deadline cancels the body, waits for it, and what the body throws comes out`() throws {
        let log = Recorder<String>()
        let gate = TaskCompletionSource<Void>()
        let clock = clock
        executor.task {
            do {
                try await withDeadline(in: .seconds(1), clock: clock) {
                    await gate.task.settled()
                    log.record("cancelled: \(Task.isCancelled)")
                    throw Failure(3)
                }
            } catch {
                log.record("\(error)")
            }
            log.record("caller cancelled: \(Task.isCancelled)")
        }
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        #expect(log.entries.isEmpty)
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(log.entries == ["cancelled: true", "Failure(number: 3)", "caller cancelled: false"])
    }

    @Test func `A body that ends in time takes the timer back`() async throws {
        #expect(await withDeadline(in: .seconds(1), clock: clock) { 5 } == 5)
        #expect(clock.pending == 0)
    }

    @Test func `Deadlines nest, the earliest counts; a passed deadline starts the body cancelled`() async throws {
        let clock = clock
        let log = Recorder<Bool>()
        let task = executor.task {
            try await withDeadline(in: .seconds(1), clock: clock) {
                try await withDeadline(in: .seconds(5), clock: clock) {
                    try await Task.delay(for: .seconds(100), clock: clock)
                }
            }
        }
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await task.value }
        await withDeadline(in: .zero, clock: clock) { log.record(Task.isCancelled) }
        #expect(log.entries == [true])
    }

    @Test func `The caller's cancellation reaches the body, typed errors and isolation are kept, any clock serves`()
        async throws
    {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await withDeadline(in: .seconds(9)) { Task.isCancelled }
        }
        #expect(await task.value)
        await Task { @MainActor in
            await withDeadline(in: .seconds(9)) {
                MainActor.assertIsolated()
                await Task.yield()
                MainActor.assertIsolated()
            }
        }.value
        do throws(Failure) {
            try await withDeadline(in: .seconds(9), clock: .continuous) { () async throws(Failure) in throw Failure(1) }
        } catch {
            #expect(error.number == 1)
        }
        await withDeadline(in: .milliseconds(1), clock: .suspending) {
            _ = await #expect(throws: CancellationError.self) { try await Task.sleep(for: .seconds(1_000)) }
        }
    }

    // It ended the process, and may come from a configuration.
    @Test func `a negative tolerance counts as none`() async {
        let value = await withDeadline(in: .seconds(1_000), tolerance: .seconds(-1)) { 5 }
        #expect(value == 5)
    }

    @Test func `A deadline keeps the body on the caller's task executor`() throws {
        let clock = clock
        try executor.run {
            await withDeadline(in: .seconds(1), clock: clock) { for _ in 0..<5 { await Task.yield() } }
        }
    }
}

@Suite(.leakFree) struct CancellationShieldTests {
    @Test func `Inside a shield nothing is cancelled, after it everything is`() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            let asynchronous = await withTaskCancellationShield {
                await Task.yield()
                return Task.isCancelled
            }
            let synchronous = withTaskCancellationShield { Task.isCancelled }
            return [asynchronous, synchronous, Task.isCancelled]
        }
        #expect(await task.value == [false, false, true])
    }

    @Test func `A cancellation that comes meanwhile is not seen inside`() async {
        let entered = TaskCompletionSource<Void>()
        let gate = TaskCompletionSource<Void>()
        let task = Task {
            let inside = await withTaskCancellationShield {
                entered.trySetResult()
                await gate.task.settled()
                return Task.isCancelled
            }
            return (inside, Task.isCancelled)
        }
        await entered.task.settled()
        task.cancel()
        gate.trySetResult()
        #expect(await task.value == (false, true))
    }

    // Cause: the task in which the body runs was on no actor.
    @Test func `The synchronous shield stays on its caller's actor`() async throws {
        actor Here {
            func isIsolated() -> Bool {
                withTaskCancellationShield {
                    preconditionIsolated()
                    return Task.isCancelled
                }
            }
        }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await Here().isIsolated()
        }
        #expect(await !task.value)
        let onMain = Task { @MainActor () -> Bool in
            withTaskCancellationShield {
                MainActor.preconditionIsolated()
                return true
            }
        }
        #expect(await onMain.value)
        let context = SynchronizationContext.withThread(named: "shield")
        defer { context.stop() }
        #expect(
            try await context.post { withTaskCancellationShield { SynchronizationContext.current === context } }.value)
    }

    @Test func `A shield keeps isolation, task-local values and typed errors`() async throws {
        await Task { @MainActor in
            await Local.$value.withValue(3) {
                await withTaskCancellationShield {
                    await Task.yield()
                    MainActor.assertIsolated()
                    #expect(Local.value == 3)
                }
            }
        }.value
        #expect(throws: Failure(1)) { try withTaskCancellationShield { () throws(Failure) in throw Failure(1) } }
    }
}
