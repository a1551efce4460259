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

    func run() async {
        let bare = await measure("bare") { use(await work($0)) }
        let bareSuspending = await measure("bare_suspending") { use(await workThatSuspends($0)) }
        await strategies()
        await timeouts(bare, bareSuspending)
        await pipelines()
    }

    private func strategies() async {
        let retry = Retry()
        await measure("retry", polly: 109) { call in use(try await retry.execute { await work(call) }) }

        let closed = CircuitBreaker()
        await measure("breaker_closed", polly: 138) { call in use(try await closed.execute { await work(call) }) }

        let open = CircuitBreaker()
        open.open(for: .seconds(86_400))
        await measure("breaker_open", polly: 234) { call in
            do { use(try await open.execute { await work(call) }) } catch { use(call) }
        }

        let bucket = RateLimiter(Self.wide)
        await measure("token_bucket") { call in
            try await bucket.acquire()
            use(call)
        }
        let smooth = RateLimiter(.smooth(1_000_000_000, per: .milliseconds(1), burst: 1_000_000))
        await measure("gcra") { call in
            try await smooth.acquire()
            use(call)
        }

        let limiter = ConcurrencyLimiter(permits: 64)
        await measure("concurrency_limiter", polly: 128) { call in
            use(try await limiter.withPermit { await work(call) })
        }

        let fallback = Fallback { _ in 0 }
        await measure("fallback") { call in use(try await fallback.execute { await work(call) }) }

        let throttle = ClientThrottle()
        await measure("client_throttle") { call in use(try await throttle.execute { await work(call) }) }

        let registry = ResilienceRegistry<String> { _ in ResiliencePipeline {} }
        await measure("registry_lookup", polly: 7.2) { _ in use(registry["users"].name?.count ?? 0) }
    }

    private func timeouts(_ bare: Measurement?, _ bareSuspending: Measurement?) async {
        let cooperative = Timeout(.seconds(30), kind: .cooperative)
        await measure("timeout_cooperative", polly: 148) { call in
            use(try await cooperative.execute { await work(call) })
        }
        let native = Timeout(.seconds(30))
        let row = await measure("timeout_native") { call in use(try await native.execute { await work(call) }) }
        report(row, less: bare)
        let suspending = await measure("timeout_native_suspending") { call in
            use(try await native.execute { await workThatSuspends(call) })
        }
        report(suspending, less: bareSuspending)
    }

    private func pipelines() async {
        let cooperative = ResiliencePipeline.unboxed {
            Timeout(.seconds(30), kind: .cooperative)
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2), kind: .cooperative)
        }
        await measure("five_cooperative", polly: 766) { call in
            use(try await cooperative.execute { await work(call) })
        }
        let boxedCooperative = ResiliencePipeline {
            Timeout(.seconds(30), kind: .cooperative)
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2), kind: .cooperative)
        }
        await measure("five_cooperative_boxed", polly: 766) { call in
            use(try await boxedCooperative.execute { await work(call) })
        }
        let native = ResiliencePipeline.unboxed {
            Timeout(.seconds(30))
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2))
        }
        await measure("five_native", polly: 766) { call in use(try await native.execute { await work(call) }) }
        let boxedNative = ResiliencePipeline {
            Timeout(.seconds(30))
            RateLimiter(Self.wide)
            Retry()
            CircuitBreaker()
            Timeout(.seconds(2))
        }
        await measure("five_native_boxed", polly: 766) { call in
            use(try await boxedNative.execute { await work(call) })
        }
        let telemetry = ResilienceTelemetry()
        let registration = telemetry.addListener { event in use(event.attempt) }
        let reported = ResiliencePipeline(telemetry: telemetry) { Retry(telemetry: telemetry) }
        await measure("telemetry_on", polly: 272) { call in use(try await reported.execute { await work(call) }) }
        registration.remove()
    }

    private static var wide: RateLimit {
        .tokenBucket(capacity: 1_000_000_000, refill: 1_000_000_000, per: .milliseconds(1))
    }

    @discardableResult
    private func measure(
        _ name: String, polly: Double? = nil, _ body: nonisolated(nonsending) (Int) async throws -> Void
    ) async -> Measurement? {
        guard names.isEmpty || names.contains(name) else { return nil }
        let measurement = await Measurement.take(name, calls: calls, runs: runs, polly: polly, body)
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
