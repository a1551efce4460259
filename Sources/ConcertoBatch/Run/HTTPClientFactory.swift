#if Batch
import Concerto
import ConcertoHTTP
import ConcertoResilience

/// Makes the transport that the options describe.
enum HTTPClientFactory {
    static func make(_ options: BatchOptions) throws -> (any HTTPTransport, @Sendable () async throws -> Void) {
        let transport = try AsyncHTTPClientTransport(options: options.transportOptions)
        return (transport, { try await transport.shutdown() })
    }
}

extension BatchOptions {
    var transportOptions: HTTPTransportOptions {
        var transport = HTTPTransportOptions()
        transport.maximumBody = maxBody
        transport.connectTimeout = min(timeout, .seconds(10))
        transport.maximumPerHost = connections
        transport.maximumIdle = DescriptorLimit.idle(concurrency: connections)
        transport.usesHTTP2 = usesHTTP2
        transport.authorities = cacert
        transport.checksCertificates = !insecure
        transport.proxy = proxy.flatMap { HTTPProxy($0) }
        return transport
    }

    func clientOptions(clock: any TimerClock) -> ResilientHTTPClientOptions {
        var client = ResilientHTTPClientOptions()
        client.timeout = timeout
        client.totalTimeout = totalTimeout
        client.maxRetries = maxRetries
        client.backoff = .exponential(base: backoffBase, cap: backoffCap)
        client.maxRetryAfter = maxRetryAfter
        client.rule = repeatRule
        if followsRedirects {
            let token = token.map { [$0.header.lowercased()] } ?? []
            client.redirects = RedirectRule(limit: 10, secretHeaders: secretHeaders.union(token))
        }
        client.maximumPerHost = perHost
        client.adaptive = findsConcurrency ? adaptive : nil
        client.hedge = hedge?.delay(timeout: timeout)
        client.breaker = breaker
        client.breaker?.whenOpen = .wait
        client.breakerNeedsAnswer = true
        client.clock = clock
        client.readsRateHeaders = readsRateHeaders
        if rateBy == nil, rates.count == 1, let rate {
            client.limiter = RateLimiter(.smooth(1, per: rate.interval, burst: burst + rate.slack), clock: clock)
        } else if !rates.isEmpty {
            client.limits = RunLimits(
                rates: rates, burst: burst, actual: actualWeight, isByAccount: rateBy != nil, clock: clock)
        }
        return client
    }
}
#endif
