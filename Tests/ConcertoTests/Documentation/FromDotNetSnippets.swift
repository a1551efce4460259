import Concerto
import ConcertoTesting

// What docs/from-dotnet.md shows, so that it compiles; `FromDotNetTests` compares the two.

private func download() async throws -> String { "title" }

// Snippet: the classic deadlock
func title() throws -> String {
    // On a context: its queue is pumped while it waits; `download` comes back and ends.
    try runBlocking { try await download() }
}

/// Every name of the page's table, used as the page spells it.
enum FromDotNetNames {
    static func tasks(pool: ThreadPool, source: CancellationTokenSource) async throws {
        let handle: TaskHandle<Int> = Task.run(on: pool, name: "sum", priority: .medium, cancellation: source.token) {
            1
        }
        _ = try await handle.value
        _ = (handle.status, handle.result)
        handle.onCompletion(.asynchronous) { _ in }
        handle.cancel()
        let cold = TaskHandle { 1 }
        try cold.start(on: pool)
        let promise = TaskCompletionSource<Int>(onCancel: {})
        promise.trySetResult(1)
        let quick: ValueTask<Int> = .completed(1)
        _ = (try await quick.value, TaskHandle<Int>.failed(CancellationError()), TaskHandle<Int>.cancelled)
        try await Task.delay(for: .seconds(1))
        try await Task.delay(until: .distantFuture)
        await Task.yield()
        _ = try await Task.whenAll([cold, promise.task])
        _ = try await Task.whenAny([cold, promise.task])
        _ = try await Task.whenAny(cold, promise.task)
        _ = try await Task.whenAny({ 1 }, { 2 })
        for try await ended in Task.whenEach([cold, promise.task]) { _ = await ended.outcome }
        _ = try await Task.race({ 1 }, { 2 })
        _ = try await Task.firstSuccess({ 1 }, { 2 })
        _ = try await cold.wait(timeout: .seconds(1), cancellation: source.token)
        do { _ = try await quick.value } catch let failures as AggregateError {
            _ = (failures.flattened, failures.baseError)
            try failures.handle { _ in true }
        }
        TaskHandle.onUnobservedError = nil
        pool.queueWorkItem { withBlocking {} }
    }

    static func cancellation() async throws {
        let source = CancellationTokenSource()
        source.cancel()
        try source.cancel(throwOnFirstError: true)
        let token: CancellationToken = .current
        await withCancellation(of: token) {}
        token.register {}.unregister()
        _ = CancellationTokenSource(linkedTo: token)
    }

    @TaskLocal static var request = 0

    static func contextsAndLocks() async throws {
        let context = SynchronizationContext()
        context.runUntilIdle()
        await withoutContext {}
        let semaphore = AsyncSemaphore(permits: 1)
        try await semaphore.withPermit {}
        let lock = AsyncLock()
        try await lock.withLock {}
        _ = (AsyncReaderWriterLock(), AsyncManualResetEvent(), AsyncAutoResetEvent())
        _ = (AsyncCountdownEvent(count: 1), AsyncBarrier(participants: 1), AsyncLazy { 1 })
    }

    static func streams() async throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        _ = (UnboundedChannel<Int>(), PrioritizedChannel<Int>())
        _ = try await select(.read(channel) { $0 })
        try await Parallel.forEach(0..<3) { _ in }
        try await (0..<3).forEachConcurrently(limit: 2) { _ in }
        _ = try await (0..<3).mapConcurrently(limit: 2) { $0 }
        let timer = try PeriodicTimer(period: .seconds(1), clock: ManualClock())
        _ = try await timer.waitForNextTick()
        let clock: any TimerClock = ManualClock()
        _ = clock
        await withDeadline(in: .seconds(1)) {}
        let sequence: any AsyncSequence = channel
        _ = sequence
    }
}
