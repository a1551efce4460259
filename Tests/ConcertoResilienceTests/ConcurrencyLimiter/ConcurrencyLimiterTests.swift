import ConcertoResilience
import ConcertoTesting
import Testing

struct ConcurrencyLimiterTests {
    private let clock = ManualClock()

    @Test func onlySoManyRunAtTheSameTime() async throws {
        let limiter = ConcurrencyLimiter(permits: 3)
        let running = Counter()
        let ran = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try? await limiter.withPermit {
                        #expect(running.increment() <= 3)
                        await Task.yield()
                        running.increment(by: -1)
                        ran.increment()
                    }
                }
            }
        }
        #expect(ran.value == 200)
        #expect(limiter.inUse == 0)
    }

    /// Regression: giving back a negative number took permits beyond the limit.
    @Test func onlyOneOrMorePermitsCanBeGivenBack() async {
        await #expect(processExitsWith: .failure) { ConcurrencyLimiter(permits: 2).release(-5) }
    }

    @Test func aFullQueueShedsLoad() async throws {
        let limiter = ConcurrencyLimiter(permits: 1, queueLimit: 1, name: "db")
        let gate = Gate()
        let running = Task { try await limiter.execute { await gate.wait() } }
        await gate.arrival()
        let queued = Task { try await limiter.execute {} }
        await settle { limiter.statistics.waiters == 1 }
        await #expect(throws: Rejected(reason: .queueFull)) { try await rejection { try await limiter.execute {} } }
        gate.open()
        try await running.value
        try await queued.value
    }

    @Test func theLongestWaitAndTheDeadlineEndAWait() async throws {
        let limiter = ConcurrencyLimiter(permits: 1, maxWait: .seconds(3), clock: clock)
        #expect(limiter.tryAcquire())
        let first = Task { try await limiter.acquire() }
        let pipeline = ResiliencePipeline {
            Timeout(.seconds(1), kind: .cooperative, clock: clock)
            limiter
        }
        let second = Task { try await pipeline.execute {} }
        await clock.sleepers(count: 2)
        clock.advance(by: .seconds(1))
        await #expect(throws: Rejected(reason: .tooLate)) { try await rejection { try await second.value } }
        clock.advance(by: .seconds(2))
        await #expect(throws: Rejected(reason: .tooLate)) { try await rejection { try await first.value } }
        limiter.release()
        #expect(limiter.tryAcquire())
        #expect(clock.pending == 0)
    }

    @Test func theLimitCanBeRaisedAndLoweredWhileItIsInUse() async throws {
        let limiter = ConcurrencyLimiter(permits: 1)
        #expect(limiter.tryAcquire())
        let waiting = Task { try await limiter.acquire() }
        await settle { limiter.statistics.waiters == 1 }
        try limiter.update(permits: 2)
        try await waiting.value
        try limiter.update(permits: 1)
        #expect(limiter.inUse == 2)
        limiter.release()
        #expect(!limiter.tryAcquire())
        limiter.release()
        #expect(limiter.tryAcquire())
        #expect(throws: InvalidOptionsError.self) { try limiter.update(permits: 0) }
    }

    @Test func moreThanThereIsIsRefused() async {
        let limiter = ConcurrencyLimiter(permits: 2)
        await #expect(throws: Rejected(reason: .exceedsLimit)) { try await rejection { try await limiter.acquire(3) } }
        #expect(limiter.inUse == 0)
    }

    /// Callers are granted, cancelled and time out in every order; every permit comes back.
    @Test func noPermitIsLostUnderRandomCancellation() async throws {
        let random = seeded()
        let limiter = ConcurrencyLimiter(permits: 5, maxWait: .milliseconds(2))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3_000 {
                let permits = 1 + random.int(below: 5)
                let yields = random.int(below: 4)
                let isCancelled = random.int(below: 3) == 0
                let task = Task {
                    try? await limiter.withPermit(permits) {
                        #expect(limiter.inUse <= 5)
                        for _ in 0..<yields { await Task.yield() }
                    }
                }
                group.addTask { _ = await task.value }
                if isCancelled { task.cancel() }
            }
        }
        #expect(limiter.inUse == 0)
        #expect(limiter.statistics.waiters == 0)
        #expect(limiter.tryAcquire(5))
    }

    @Test func invalidOptionsAreAllNamed() {
        var options = LimiterOptions()
        options.queueLimit = -1
        options.maxWait = .seconds(-1)
        #expect {
            try ConcurrencyLimiter(permits: 0, options: options)
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == ["permits", "queueLimit", "maxWait"]
        }
    }
}

private struct Rejected: Error, Equatable {
    let reason: ConcurrencyLimiterRejectedError.Reason
}

private func rejection(_ body: () async throws -> Void) async throws {
    do { try await body() } catch let error as ConcurrencyLimiterRejectedError {
        throw Rejected(reason: error.reason)
    }
}
