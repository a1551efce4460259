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
        /// Connections at a time; further ones are closed at once, and those without a whole request for 10 seconds then.
        /// Default 16.
        public var maxConnections = 16

        /// Whether there is a dashboard, and since when it takes its samples, one a second.
        public var dashboard = Dashboard.fromFirstLook
        /// What the dashboard is of, in a few words. Default "Concerto".
        public var title = "Concerto"
        /// How long a stream, or the answer to a further request of a connection, may wait for its reader to read before the
        /// connection is closed. Default 5 seconds.
        public var patience = Duration.seconds(5)
        /// How long a connection may be without a request that could be answered.
        var requestTime = Duration.seconds(10)

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
            require(&check, hears: token != nil || AccessRule.isLoopback(address))
            check.require(token.map { $0.utf8.count >= 16 } ?? true, "token", "(not shown)", "16 bytes or more")
            try check.finish()
        }

        /// Names what the address may be.
        fileprivate func require(_ check: inout OptionsCheck, hears: Bool) {
            check.require(
                hears, "address", address, "127.0.0.1, ::1 or localhost, unless requests must show a token")
        }
    }

    /// The port it listens on.
    public let port: Int
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let feed: DashboardFeed?
    private let looks: TelemetryLooks
    private let isEnding = Guarded(false)
    private let hasEnded = AsyncManualResetEvent()

    private init(port: Int, channel: any Channel, group: MultiThreadedEventLoopGroup, _ pages: TelemetryPages) {
        self.port = port
        (feed, looks) = (pages.feed, pages.looks)
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
            let loop = group.any()
            let times = TelemetryHandler.Times(
                request: .within(options.requestTime), patience: .within(options.patience))
            let feed =
                options.dashboard == .off
                ? nil
                : DashboardFeed(
                    title: options.title, patience: times.patience, loop: loop,
                    fromStart: options.dashboard == .fromStart)
            let pages = TelemetryPages(
                registry: registry, resource: resource, feed: feed, looks: TelemetryLooks(loop: loop))
            let open = ConnectionCount(limit: options.maxConnections)
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard open.enter() else { throw ChannelError.ioOnClosedChannel }
                        channel.closeFuture.whenComplete { _ in open.leave() }
                        let own = channel.localAddress
                        // Also before anybody has looked at what a name has led to, below.
                        guard options.token != nil || AccessRule.isLoopback(own) else {
                            throw ChannelError.ioOnClosedChannel
                        }
                        let rule = AccessRule(
                            port: own?.port ?? 0, token: options.token,
                            addresses: [options.address, own?.ipAddress].compactMap(\.self))
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                        try channel.pipeline.syncOperations.addHandler(
                            TelemetryHandler(pages: pages, rule: rule, times: times))
                    }
                }
                .bind(host: options.address, port: options.port).get()
            var check = OptionsCheck("TelemetryServer")
            options.require(&check, hears: options.token != nil || AccessRule.isLoopback(channel.localAddress))
            try check.finish()
            return TelemetryServer(
                port: channel.localAddress?.port ?? options.port, channel: channel, group: group, pages)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Listens no more and closes every connection. Who looks at the dashboard gets the last numbers before, and has a second
    /// to read them; a look at the tasks that is under way is waited for, and answered.
    ///
    /// Further calls return when the first one does. None is ended by cancellation.
    public func shutdown() async {
        let isFirst = isEnding.withLock { isEnding in
            defer { isEnding = true }
            return !isEnding
        }
        // In a task of its own, which nobody cancels.
        guard isFirst else { return await Task { try? await hasEnded.wait() }.value ?? () }
        try? await channel.close()
        let looks = looks.finish()
        try? await feed?.finish().get()
        try? await looks.get()
        try? await group.shutdownGracefully()
        hasEnded.set()
    }
}

extension TimeAmount {
    /// A time to wait. Longer ones than a loop can reckon with are of seventy years.
    fileprivate static func within(_ duration: Duration) -> TimeAmount {
        .nanoseconds(min(max(0, duration.saturatingNanoseconds), .max / 4))
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
