import Concerto
import ConcertoResilience
import ConcertoTesting
import Testing

/// On a pool a timeout starts its body in place, as a child task: another path than on Swift's own executor.
struct TimeoutOnPoolTests {
    private let clock = ManualClock()

    private func onPool<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let pool = try ThreadPool(ThreadPool.Configuration(name: "timeouts"))
        let task = Task(executorPreference: pool) { try await body() }
        let result = await task.result
        await pool.shutdown()
        return try result.get()
    }

    @Test func aQuickBodyReturnsItsValueOrThrowsItsError() async throws {
        let timeout = Timeout(.seconds(2), clock: clock)
        #expect(try await onPool { try await timeout.execute { 42 } } == 42)
        await #expect(throws: Failure.self) {
            try await onPool { try await timeout.execute { () async throws -> Void in throw Failure() } }
        }
    }

    @Test func aBodyThatTakesTooLongIsCancelledAndTheCallerIsNot() async throws {
        let timeout = Timeout(.seconds(2), clock: clock)
        let task = Task {
            try await onPool {
                let outcome = await timeout.executeOutcome { _ in try await clock.sleep(for: .seconds(10)) }
                #expect(throws: TimeoutError.self) { try outcome.get() }
                return Task.isCancelled
            }
        }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(2))
        #expect(try await !task.value)
    }

    @Test func theCallersCancellationReachesTheBody() async throws {
        let timeout = Timeout(.seconds(2), clock: clock)
        await #expect(throws: CancellationError.self) {
            try await onPool {
                let task = Task(executorPreference: ThreadPool.current) {
                    try await timeout.execute { try await clock.sleep(for: .seconds(10)) }
                }
                await clock.sleepers(count: 2)
                task.cancel()
                try await task.value
            }
        }
    }

    @Test func theBodyStaysOnThePoolAndOnItsActor() async throws {
        let timeout = Timeout(.seconds(2), clock: clock)
        let counter = IsolatedCounter()
        let (count, stays) = try await onPool {
            try await (
                counter.count(under: timeout),
                timeout.execute {
                    await Task.yield()
                    return ThreadPool.current != nil
                }
            )
        }
        #expect(count == 2)
        #expect(stays)
    }

    /// As in `TimeoutTests`: every order of deadline, cancellation and completion.
    @Test func deadlinesRacingCompletionsAndCancellationsEndOnce() async throws {
        let random = seeded()
        let timeout = Timeout(.microseconds(300))
        try await onPool {
            for _ in 0..<40 {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 {
                        let nanoseconds = Int64(random.next() % 600_000)
                        let isCancelled = random.next() % 4 == 0
                        let task = Task(executorPreference: ThreadPool.current) {
                            do {
                                try await timeout.execute {
                                    try await MonotonicClock().sleep(for: .nanoseconds(nanoseconds))
                                }
                            } catch is TimeoutError {
                            } catch is CancellationError {
                                #expect(isCancelled)
                            } catch {
                                Issue.record("unexpected \(error)")
                            }
                            #expect(isCancelled || !Task.isCancelled)
                        }
                        group.addTask { await task.value }
                        if isCancelled { task.cancel() }
                    }
                }
            }
        }
    }
}

private actor IsolatedCounter {
    private var value = 0

    func count(under timeout: Timeout) async throws -> Int {
        try await timeout.execute {
            assertIsolated()
            value += 1
            await Task.yield()
            assertIsolated()
            value += 1
            return value
        }
    }
}
