import ConcertoResilience
import ConcertoTesting
import Foundation
import Testing

struct AdaptiveLimiterTests {
    private let clock = ManualClock()

    private func makeLimiter(_ change: (inout AdaptiveLimiterOptions) -> Void = { _ in }) throws -> AdaptiveLimiter {
        var options = AdaptiveLimiterOptions()
        options.waiting.clock = clock
        change(&options)
        return try AdaptiveLimiter(options: options)
    }

    @Test func `every bad option is named`() throws {
        var gradient = AdaptiveLimiterOptions.Gradient()
        gradient.tolerance = 0.5
        gradient.smoothing = 0
        gradient.queue = -1
        gradient.longWindow = 9
        gradient.probeInterval = .milliseconds(1)
        gradient.probeLimit = 0
        let error = try #require(throws: InvalidOptionsError.self) {
            try makeLimiter {
                $0.algorithm = .gradient(gradient)
                $0.minimum = 0
                $0.maximum = -1
                $0.window = .zero
                $0.minimumSamples = 0
            }
        }
        #expect(
            error.problems.map(\.field)
                == [
                    "minimum", "maximum", "initial", "window", "minimumSamples", "gradient.tolerance",
                    "gradient.smoothing", "gradient.queue", "gradient.longWindow", "gradient.probeInterval",
                    "gradient.probeLimit",
                ])
        var aimd = AdaptiveLimiterOptions.AIMD()
        aimd.backoff = 1
        aimd.longestLatency = .zero
        let other = try #require(throws: InvalidOptionsError.self) { try makeLimiter { $0.algorithm = .aimd(aimd) } }
        #expect(other.problems.map(\.field) == ["aimd.backoff", "aimd.longestLatency"])
    }

    @Test func `who finds no permit waits, in turn, or is turned away`() async throws {
        let limiter = try makeLimiter {
            $0.initial = 1
            $0.waiting.queueLimit = 1
        }
        let permit = try #require(limiter.tryBegin())
        #expect(limiter.tryBegin() == nil)
        let waiting = Task { try await limiter.execute { 7 } }
        await settle { limiter.statistics.waiters == 1 }
        await #expect(throws: ConcurrencyLimiterRejectedError.self) { try await limiter.execute {} }
        limiter.end(permit, as: .success)
        #expect(try await waiting.value == 7)
        #expect(limiter.inUse == 0)
    }

    @Test func `overload by a timeout or a refusal lowers the limit, other errors and cancellations say nothing`()
        async throws
    {
        let limiter = try makeLimiter {
            $0.algorithm = .aimd()
            $0.initial = 100
        }
        func fail(_ error: any Error) async {
            clock.advance(by: .seconds(1))
            _ = try? await limiter.execute { () async throws -> Void in throw error }
        }
        await fail(Failure())
        await fail(CancellationError())
        await fail(Busy(retryAdvice: .never))
        await fail(Failure())
        #expect(limiter.limit == 100)
        await fail(Busy(retryAdvice: .after(.seconds(1))))
        #expect(limiter.limit == 90)
        await fail(TimeoutError(limit: .seconds(1)))
        #expect(limiter.limit == 81)
    }

    @Test func `a new limit is told, and lets in who waits`() async throws {
        let telemetry = ResilienceTelemetry()
        let seen = Log<Int>()
        let registration = telemetry.addListener { event in
            if event.name == .adaptiveLimiterChanged, let limit = event.limit { seen.append(limit) }
        }
        let limiter = try makeLimiter {
            $0.algorithm = .aimd()
            $0.initial = 2
            $0.minimumSamples = 1
            $0.waiting.telemetry = telemetry
        }
        let (first, second) = (try #require(limiter.tryBegin()), try #require(limiter.tryBegin()))
        clock.advance(by: .milliseconds(10))
        limiter.end(first, as: .success)
        let third = try #require(limiter.tryBegin())
        let waiting = (0..<2).map { _ in Task { try await limiter.begin() } }
        await settle { limiter.statistics.waiters == 2 }
        clock.advance(by: .seconds(2))
        limiter.end(second, as: .success)
        for task in waiting { limiter.end(try await task.value, as: .ignored) }
        limiter.end(third, as: .ignored)
        registration.remove()
        #expect(seen.entries == [3] && limiter.limit == 3 && limiter.inUse == 0)
        #expect(limiter.snapshot.limit == 3 && limiter.snapshot.waiting == 0)
    }

    /// A million cancellations with `CONCERTO_STRESS=20`.
    @Test(arguments: [false, true])
    func `no permit is lost under random cancellations`(isPartitioned: Bool) async throws {
        let cancellations =
            ProcessInfo.processInfo.environment["CONCERTO_STRESS"].flatMap(Int.init).map { $0 * 50_000 } ?? 10_000
        let random = seeded()
        var options = AdaptiveLimiterOptions()
        options.initial = 3
        options.maximum = 4
        options.window = .milliseconds(1)
        let limiter = try AdaptiveLimiter(options: options)
        let shared = try PartitionedAdaptiveLimiter(shares: [0: 0.4, 1: 0.4], options: options)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var left = cancellations / 8
                    while left > 0 {
                        let call = Task {
                            let body: @Sendable () async throws -> Void = {
                                for _ in 0..<random.int(below: 3) { await Task.yield() }
                                if random.int(below: 5) == 0 { throw Failure() }
                            }
                            if isPartitioned {
                                try await shared.execute(for: worker % 3) { try await body() }
                            } else {
                                try await limiter.execute { try await body() }
                            }
                        }
                        if random.int(below: 2) == 0 {
                            for _ in 0..<random.int(below: 4) { await Task.yield() }
                            call.cancel()
                            left -= 1
                        }
                        _ = await call.result
                    }
                }
            }
        }
        #expect(limiter.inUse == 0 && shared.inUse == 0)
        #expect(limiter.statistics.waiters == 0 && (0..<3).allSatisfy { shared.statistics(of: $0).waiters == 0 })
    }

    // MARK: Partitions

    private func makeShared(_ shares: [String: Double], limit: Int) throws -> PartitionedAdaptiveLimiter<String> {
        var options = AdaptiveLimiterOptions()
        options.initial = limit
        options.waiting.clock = clock
        return try PartitionedAdaptiveLimiter(shares: shares, options: options)
    }

    @Test func `a tenant below its share never waits, though others use the whole limit`() async throws {
        let limiter = try makeShared(["a": 0.5, "b": 0.1], limit: 10)
        let gate = Gate()
        let greedy = (0..<15).map { _ in Task { try await limiter.execute(for: "b") { await gate.wait() } } }
        await settle { limiter.inUse(of: "b") == 10 && limiter.statistics(of: "b").waiters == 5 }
        let modest = (0..<6).map { _ in Task { try await limiter.execute(for: "a") { await gate.wait() } } }
        await settle { limiter.inUse(of: "a") == 5 && limiter.statistics(of: "a").waiters == 1 }
        #expect(limiter.inUse == 15)
        gate.open()
        for task in greedy + modest { try await task.value }
        #expect(limiter.inUse == 0)
    }

    @Test func `what a tenant leaves the others may use, and who has no share gets the rest`() async throws {
        let limiter = try makeShared(["a": 0.8], limit: 10)
        let gate = Gate()
        let strangers = (0..<10).map { number in
            Task { try await limiter.execute(for: "stranger \(number)") { await gate.wait() } }
        }
        await settle { limiter.inUse(of: "anybody") == 10 }
        let own = Task { try await limiter.execute(for: "a") { 7 } }
        #expect(try await own.value == 7)
        gate.open()
        for task in strangers { try await task.value }
    }

    @Test func `the tenant comes from the context`() async throws {
        let limiter = try makeShared(["a": 0.5], limit: 2)
        let pipeline = ResiliencePipeline { limiter.strategy { $0.operation } }
        let used = try await pipeline.execute("a") { limiter.inUse(of: "a") }
        #expect(used == 1 && limiter.inUse == 0)
    }

    @Test func `shares that cannot be are named`() throws {
        let error = try #require(throws: InvalidOptionsError.self) { try makeShared(["a": 0.7, "b": 0.7], limit: 10) }
        #expect(error.problems.map(\.field) == ["shares"])
        let zero = try #require(throws: InvalidOptionsError.self) { try makeShared(["a": 0], limit: 10) }
        #expect(zero.problems.map(\.field) == ["shares[a]"])
    }
}
