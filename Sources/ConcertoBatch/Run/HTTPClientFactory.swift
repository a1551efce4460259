#if Batch
import AsyncHTTPClient
import Concerto
import ConcertoHTTP
import ConcertoResilience
import Foundation
import NIOCore
import NIOSSL

/// Makes the client that the options describe.
enum HTTPClientFactory {
    static func make(_ options: BatchOptions) -> (any HTTPTransport, @Sendable () async throws -> Void) {
        var configuration = HTTPClient.Configuration()
        // Retries are ours: a connection that can't be made is an attempt that failed.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.concurrency
        configuration.timeout.connect = .nanoseconds(
            min(options.timeout.saturatingNanoseconds, Duration.seconds(10).saturatingNanoseconds))
        configuration.redirectConfiguration =
            options.followsRedirects ? .follow(max: 10, allowCycles: false) : .disallow
        if options.insecure {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            configuration.tlsConfiguration = tls
        }
        configuration.proxy = options.proxy.flatMap(proxy)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        return (
            AsyncHTTPClientTransport(client: client, maximumBody: options.maxBody), { try await client.shutdown() }
        )
    }

    /// The proxy that `text` describes, or `nil` if it describes none.
    static func proxy(_ text: String) -> HTTPClient.Configuration.Proxy? {
        guard let url = URL(string: text.contains("://") ? text : "http://" + text), let host = url.host,
            ["http", "socks5"].contains(url.scheme)
        else { return nil }
        if url.scheme == "socks5" { return .socksServer(host: host, port: url.port ?? 1080) }
        guard let user = url.user else { return .server(host: host, port: url.port ?? 8080) }
        return .server(
            host: host, port: url.port ?? 8080,
            authorization: .basic(username: user, password: url.password ?? ""))
    }
}

extension BatchOptions {
    func clientOptions(clock: any TimerClock) -> ResilientHTTPClientOptions {
        var client = ResilientHTTPClientOptions()
        client.timeout = timeout
        client.totalTimeout = totalTimeout
        client.maxRetries = maxRetries
        client.backoff = .exponential(base: backoffBase, cap: backoffCap)
        client.maxRetryAfter = maxRetryAfter
        client.rule = repeatRule
        client.maximumPerHost = perHost
        client.breaker = breaker
        client.breaker?.whenOpen = .wait
        client.breakerNeedsAnswer = true
        client.clock = clock
        if let rate {
            client.limiter = RateLimiter(.smooth(1, per: rate.interval, burst: burst + rate.slack), clock: clock)
        }
        return client
    }
}
#endif
