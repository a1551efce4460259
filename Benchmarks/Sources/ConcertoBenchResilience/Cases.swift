import Concerto
import ConcertoResilience

@inline(never)
nonisolated(nonsending)
    private func work(_ input: Int) async -> Int
{
    input &+ 1
}

@inline(never)
nonisolated(nonsending)
    private func workThatSuspends(_ input: Int) async -> Int
{
    await Task.yield()
    return input &+ 1
}

@inline(never) private func use(_ value: Int) {}

/// The rows. Limits are so wide that nobody waits.
struct Cases {
    let runs: Int
    let calls: Int
    let names: [String]
    let runtime: String

    func run() async throws {
        let bare = await measure("bare") { calls in for call in 0..<calls { use(await work(call)) } }
        let bareSuspending = await measure("bare_suspending") { calls in
            for call in 0..<calls { use(await workThatSuspends(call)) }
        }
        try await strategies()
        try await timeouts(bare, bareSuspending)
        try await hedging()
        try await pipelines()
    }

    private func strategies() async throws {
        let retry = Retry()
        try await measure("retry", polly: 109) { calls in
            for call in 0..<calls { use(try await retry.execute { await work(call) }) }
        }

        let closed = CircuitBreaker()
        try await measure("breaker_closed", polly: 138) { calls in
            for call in 0..<calls { use(try await closed.execute { await work(call) }) }
        }

        let open = CircuitBreaker()
        open.open(for: .seconds(86_400))
        await measure("breaker_open", polly: 234) { calls in
            for call in 0..<calls {
                do { use(try await open.execute { await work(call) }) } catch { use(call) }
            }
        }

        let bucket = RateLimiter(Self.wide)
        try await measure("token_bucket") { calls in
            for call in 0..<calls {
                try await bucket.acquire()
                use(call)
            }
        }
        let smooth = RateLimiter(.smooth(1_000_000_000, per: .milliseconds(1), burst: 1_000_000))
        try await measure("gcra") { calls in
            for call in 0..<calls {
                try await smooth.acquire()
                use(call)
            }
        }

        let limiter = ConcurrencyLimiter(permits: 64)
        try await measure("concurrency_limiter", polly: 128) { calls in
            for call in 0..<calls { use(try await limiter.withPermit { await work(call) }) }
        }

        let adaptive = AdaptiveLimiter()
        try await measure("adaptive_limiter") { calls in
            for call in 0..<calls { use(try await adaptive.execute { await work(call) }) }
        }

        let none = ResiliencePipeline.unboxed { NoStrategy() }
        let unharmed = try await measure("no_strategy") { calls in
            for call in 0..<calls { use(try await none.execute { await work(call) }) }
        }
        let chaos = ChaosSwitch()
        let harmless = ResiliencePipeline.unboxed { Chaos.latency(rate: 1, switch: chaos) }
        let off = try await measure("chaos_off") { calls in
            for call in 0..<calls { use(try await harmless.execute { await work(call) }) }
        }
        report(off, less: unharmed)

        let fallback = Fallback { _ in 0 }
        try await measure("fallback") { calls in
            for call in 0..<calls { use(try await fallback.execute { await work(call) }) }
        }

        let throttle = ClientThrottle()
        try await measure("client_throttle") { calls in
            for call in 0..<calls { use(try await throttle.execute { await work(call) }) }
        }

        let registry = ResilienceRegistry<String> { _ in ResiliencePipeline {} }
        await measure("registry_lookup", polly: 7.2) { calls in
            for _ in 0..<calls { use(registry["users"].name?.count ?? 0) }
        }
    }

    private func timeouts(_ bare: Measurement?, _ bareSuspending: Measurement?) async throws {
        let cooperative = Timeout(.seconds(30), kind: .cooperative)
        try await measure("timeout_cooperative", polly: 148) { calls in
            for call in 0..<calls { use(try await cooperative.execute { await work(call) }) }
        }
        let native = Timeout(.seconds(30))
        let row = try await measure("timeout_native") { calls in
            for call in 0..<calls { use(try await native.execute { await work(call) }) }
        }
        report(row, less: bare)
        let suspending = try await measure("timeout_native_suspending") { calls in
            for call in 0..<calls { use(try await native.execute { await workThatSuspends(call) }) }
        }
        report(suspending, less: bareSuspending)
    }

    private func hedging() async throws {
        let hedging = Hedging(delay: .fixed(.seconds(30)))
        try await measure("hedging_first_wins", polly: 395) { calls in
            for call in 0..<calls { use(try await hedging.execute { _ in await work(call) }) }
        }
        let inTurn = Hedging(delay: .afterFailure)
        try await measure("hedging_after_failure") { calls in
            for call in 0..<calls { use(try await inTurn.execute { _ in await work(call) }) }
        }
        let measured = Hedging(delay: .percentile(0.95, initial: .seconds(30)))
        try await measure("hedging_percentile") { calls in
            for call in 0..<calls { use(try await measured.execute { _ in await work(call) }) }
        }
        let both = Hedging(delay: .fixed(.zero), budget: nil)
        try await measure("hedging_both", polly: 655) { calls in
            for call in 0..<calls {
                use(
                    try await both.execute { context in
                        // The first waits for its cancellation.
                        if context.attempt == 1 { try await Task.sleep(nanoseconds: 1_000_000_000) }
                        return await work(call)
                    })
            }
        }
    }

    private func pipelines() async throws {
        let cooperative = ResiliencePipeline.unboxed {
            Timeout(.seconds(30), kind: .cooperative)
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2), kind: .cooperative)
        }
        try await measure("five_cooperative", polly: 766) { calls in
            for call in 0..<calls { use(try await cooperative.execute { await work(call) }) }
        }
        let boxedCooperative = ResiliencePipeline {
            Timeout(.seconds(30), kind: .cooperative)
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2), kind: .cooperative)
        }
        try await measure("five_cooperative_boxed", polly: 766) { calls in
            for call in 0..<calls { use(try await boxedCooperative.execute { await work(call) }) }
        }
        let native = ResiliencePipeline.unboxed {
            Timeout(.seconds(30))
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2))
        }
        try await measure("five_native", polly: 766) { calls in
            for call in 0..<calls { use(try await native.execute { await work(call) }) }
        }
        let boxedNative = ResiliencePipeline {
            Timeout(.seconds(30))
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2))
        }
        try await measure("five_native_boxed", polly: 766) { calls in
            for call in 0..<calls { use(try await boxedNative.execute { await work(call) }) }
        }
        let telemetry = ResilienceTelemetry()
        let registration = telemetry.addListener { event in use(event.attempt) }
        let reported = ResiliencePipeline(telemetry: telemetry) { Retry(telemetry: telemetry) }
        try await measure("telemetry_on", polly: 272) { calls in
            for call in 0..<calls { use(try await reported.execute { await work(call) }) }
        }
        registration.remove()
    }

    private static var wide: RateLimit {
        .tokenBucket(capacity: 1_000_000_000, refill: 1_000_000_000, per: .milliseconds(1))
    }

    @discardableResult
    private func measure(
        _ name: String, polly: Double? = nil, _ body: nonisolated(nonsending) (Int) async throws -> Void
    ) async rethrows -> Measurement? {
        guard names.isEmpty || names.contains(name) else { return nil }
        let measurement = try await Measurement.take(name, calls: calls, runs: runs, polly: polly, body)
        print(measurement.line(runtime: runtime))
        return measurement
    }

    private func report(_ measurement: Measurement?, less bare: Measurement?) {
        guard let measurement, let bare else { return }
        let surplus = Measurement(
            name: measurement.name + "_surplus", nanoseconds: measurement.nanoseconds - bare.nanoseconds,
            allocations: measurement.allocations - bare.allocations)
        print(surplus.line(runtime: runtime))
    }
}
