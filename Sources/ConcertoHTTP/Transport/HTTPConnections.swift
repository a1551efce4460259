#if HTTP
import AsyncHTTPClient
import Concerto
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOSSL

/// The clients of a transport, and what is known of their connections.
final class HTTPConnections: Sendable {
    /// Those of every transport that has no own.
    static let shared = HTTPConnections(HTTPTransportOptions(), isShared: true)

    let watch: ConnectionWatch
    private let direct: HTTPClient
    /// For requests that a proxy takes without a tunnel: all its connections go to the proxy.
    private let plain: HTTPClient?
    private let proxy: HTTPProxy?
    /// Whether the guards of the connections know the ``watch``.
    private let isWatched: Bool
    private let isOwn: Bool
    private let lacksAuthorities: Bool
    private let refusals: TunnelRefusals

    init(_ options: HTTPTransportOptions, isShared: Bool = false) {
        watch = ConnectionWatch(
            maximumIdle: options.maximumIdle,
            keepAlive: KeepAlive(unknown: .nanoseconds(options.idleLimit.saturatingNanoseconds)))
        proxy = options.proxy
        let (tls, lacksAuthorities) = Self.tls(options)
        self.lacksAuthorities = lacksAuthorities
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = tls
        // Its spans would carry whole URLs, with what is secret in their queries.
        configuration.tracing.tracer = nil
        configuration.httpVersion = options.usesHTTP2 ? .automatic : .http1Only
        // Retries are the caller's: a connection that can't be made is an attempt that failed.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.maximumPerHost
        configuration.timeout.connect = .nanoseconds(options.connectTimeout.saturatingNanoseconds)
        // A limit by ratio would refuse a page of zeros. A little more than is kept, so that what is kept is full.
        configuration.decompression = .enabled(
            limit: .size(options.maximumBody.addingReportingOverflow(1 << 16).partialValue))
        configuration.addGuards(watch: watch)
        var plain: HTTPClient?
        if let proxy = options.proxy {
            if proxy.kind == .http {
                plain = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            }
            configuration.proxy = proxy.tunnel
        }
        self.plain = plain
        direct = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        isWatched = true
        isOwn = !isShared
        refusals = TunnelRefusals(timeout: .nanoseconds(options.connectTimeout.saturatingNanoseconds))
    }

    /// Over a client that somebody else has made.
    init(_ client: HTTPClient) {
        watch = ConnectionWatch(maximumIdle: 1, keepAlive: KeepAlive(unknown: .zero))
        direct = client
        plain = nil
        proxy = nil
        isWatched = false
        isOwn = false
        lacksAuthorities = TrustRoots.system() == nil
        refusals = TunnelRefusals(timeout: .zero)
    }

    private static func tls(_ options: HTTPTransportOptions) -> (TLSConfiguration, lacksAuthorities: Bool) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if !options.checksCertificates {
            tls.certificateVerification = .none
            // Without certificates to check with there would be no connection at all.
            tls.trustRoots = .certificates([])
            return (tls, false)
        }
        if let path = options.authorities {
            tls.trustRoots = .certificates((try? TrustRoots.load(path)) ?? [])
            return (tls, false)
        }
        guard let roots = TrustRoots.system() else {
            tls.trustRoots = .certificates([])
            return (tls, true)
        }
        tls.trustRoots = roots
        return (tls, false)
    }

    func shutdown() async throws {
        guard isOwn else { return }
        try await plain?.shutdown()
        try await direct.shutdown()
    }

    /// What sends `call`, and what tells about it.
    ///
    /// - Returns: The client, the ticket and its name, which must be closed, and the request.
    func request(
        for call: HTTPCall, to address: HTTPAddress
    ) -> (client: HTTPClient, ticket: AttemptTicket?, name: String?, request: HTTPClientRequest) {
        let isPlain = plain != nil && address.scheme == "http"
        var request = HTTPClientRequest(url: address.url)
        request.method = HTTPMethod(rawValue: call.method)
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if let body = call.body { request.body = .bytes(body) }
        guard isWatched else { return (direct, nil, nil, request) }
        if !request.headers.contains(name: "accept-encoding") {
            // A part of a compressed body could not be decompressed.
            let takesPart = request.headers.contains(name: "range")
            request.headers.add(name: "Accept-Encoding", value: takesPart ? "identity" : "gzip")
        }
        if isPlain, let proxy {
            request.url = "http://\(proxy)\(address.target)"
            if !request.headers.contains(name: "host") { request.headers.add(name: "Host", value: address.authority) }
            if let authorization = proxy.authorization {
                request.headers.replaceOrAdd(name: "Proxy-Authorization", value: authorization)
            }
        }
        let ticket = AttemptTicket(prefix: isPlain ? address.site : nil)
        let name = watch.tickets.open(ticket)
        request.headers.add(name: AttemptTicket.header, value: name)
        return (isPlain ? plain! : direct, ticket, name, request)
    }

    /// Whether the body of an answer with these headers is decompressed.
    func decompresses(_ headers: HTTPHeaders) -> Bool {
        isWatched && ["gzip", "deflate"].contains(headers[canonicalForm: "content-encoding"].first?.lowercased())
    }

    func failure(_ error: any Error, to address: HTTPAddress) async -> HTTPFailure {
        let classifier = FailureClassifier(
            host: address.host, proxy: proxy?.description, lacksAuthorities: lacksAuthorities)
        let failure = classifier.failure(error)
        guard let proxy, (error as? HTTPClientError) == .invalidProxyResponse,
            let status = await refusals.status(proxy, target: address.host)
        else { return failure }
        return classifier.tunnelRefused(status)
    }
}

extension HTTPClient.Configuration {
    mutating func addGuards(watch: ConnectionWatch?) {
        redirectConfiguration = .disallow
        let connection = http1_1ConnectionDebugInitializer
        http1_1ConnectionDebugInitializer = { channel in
            channel.addAnswerGuard(watch: watch).flatMap {
                connection?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
            }
        }
        let stream = http2StreamChannelDebugInitializer
        http2StreamChannelDebugInitializer = { channel in
            channel.addStreamGuards(watch: watch).flatMap {
                stream?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
            }
        }
    }
}
#endif
