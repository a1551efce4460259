#if Exporters
public import ConcertoResilience
import NIOCore
import NIOHTTP1
import NIOPosix

/// Shows a process over HTTP: `/metrics` for Prometheus, `/dashboard` and `/debug/concerto/tasks` for people.
///
/// Nothing listens until ``start(_:registry:resource:)`` is called. It runs on a thread of its own, so that it answers
/// also while every thread of the pool is blocked.
public final class TelemetryServer: Sendable {
    /// Where it listens and who may ask.
    public struct Options: Sendable {
        /// The address; other machines are served only with a ``token``. Default 127.0.0.1.
        public var address = "127.0.0.1"
        /// The port, 0 for any that is free. Default 9464.
        public var port = 9464
        /// What requests must show as `Authorization: Bearer …`, or as the password of any name, which browsers ask for;
        /// `nil` for requests of this machine that ask it by its own name.
        public var token: String?
        /// Connections at a time; further ones are closed at once. Default 16.
        public var maxConnections = 16

        /// Whether there is a dashboard, and since when it takes its samples, one a second.
        public var dashboard = Dashboard.fromFirstLook
        /// What the dashboard is of, in a few words. Default "Concerto".
        public var title = "Concerto"
        /// How long a stream may wait for its reader to read before it is closed. Default 5 seconds.
        public var patience = Duration.seconds(5)

        /// Since when samples are taken for the dashboard.
        public enum Dashboard: Sendable {
            /// There is none.
            case off
            /// Since somebody has looked: it costs nothing before.
            case fromFirstLook
            /// Since the server listens.
            case fromStart
        }

        /// The defaults.
        public init() {}

        /// Names every field that cannot work.
        public func validate() throws(InvalidOptionsError) {
            var check = OptionsCheck("TelemetryServer")
            check.require((0...65_535).contains(port), "port", port, "between 0 and 65,535")
            check.require(maxConnections, "maxConnections", atLeast: 1)
            check.require(
                token != nil || AccessRule.isLoopback(address), "address", address,
                "127.0.0.1, ::1 or localhost, unless requests must show a token")
            check.require(token.map { $0.utf8.count >= 16 } ?? true, "token", "(not shown)", "16 bytes or more")
            try check.finish()
        }
    }

    /// The port it listens on.
    public let port: Int
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let feed: DashboardFeed?

    private init(port: Int, channel: any Channel, group: MultiThreadedEventLoopGroup, feed: DashboardFeed?) {
        self.port = port
        self.feed = feed
        self.channel = channel
        self.group = group
    }

    /// Listens.
    ///
    /// - Throws: ``InvalidOptionsError``, and what the system says, such as that the port is taken.
    public static func start(
        _ options: Options = Options(), registry: MetricRegistry = .process, resource: Attributes = [:]
    ) async throws -> TelemetryServer {
        try options.validate()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let feed = options.dashboard == .off ? nil : DashboardFeed(options, loop: group.any())
            let pages = TelemetryPages(registry: registry, resource: resource, feed: feed)
            let open = ConnectionCount(limit: options.maxConnections)
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard open.enter() else { throw ChannelError.ioOnClosedChannel }
                        channel.closeFuture.whenComplete { _ in open.leave() }
                        let rule = AccessRule(port: channel.localAddress?.port ?? 0, token: options.token)
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                        try channel.pipeline.syncOperations.addHandlers([
                            IdleStateHandler(allTimeout: .seconds(60)),
                            TelemetryHandler(pages: pages, rule: rule),
                        ])
                    }
                }
                .bind(host: options.address, port: options.port).get()
            return TelemetryServer(
                port: channel.localAddress?.port ?? options.port, channel: channel, group: group, feed: feed)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Listens no more and closes every connection. Who looks at the dashboard gets the last numbers before, and has a second
    /// to read them.
    public func shutdown() async {
        try? await channel.close()
        try? await feed?.finish().get()
        try? await group.shutdownGracefully()
    }
}

/// Connections that are open.
private final class ConnectionCount: Sendable {
    private let limit: Int
    private let count = Guarded(0)

    init(limit: Int) { self.limit = limit }

    func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
#endif
