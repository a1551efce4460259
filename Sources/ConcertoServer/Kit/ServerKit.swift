#if Server
import Concerto
import ConcertoRuntime
import HTTPTypes
public import Hummingbird
public import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import ServiceLifecycle
public import UnixSignals

/// What a Hummingbird service needs to survive its clients, its load and its dependencies.
///
/// ```swift
/// let kit = ServerKit { kit in
///     kit.deadline = .seconds(2)
///     kit.rateLimit = RequestRateLimit(.tokenBucket(capacity: 20, refill: 10, per: .seconds(1)))
///     kit.admission = .concurrency(64, queue: 128, maxWait: .milliseconds(200), order: .newestFirst)
///     kit.health.checks["database"] = { try await database.ping() }
///     kit.route("/export") { $0.deadline = .at(.seconds(60)) }
/// }
/// router.add(middleware: kit.middleware())
/// try await kit.run(Application(router: router, server: kit.server()))
/// ```
///
/// A request passes its parts in this order, whatever the order in which they are configured: problem details, health,
/// rate limit, deadline, admission, handler. Its handler's task is cancelled when its client hangs up, its deadline
/// comes or the server ends; ``RequestScope`` tells which.
///
/// - Cancellation: described above; what must not be cancelled stands in `withTaskCancellationShield` or on a route that
///   outlives its client.
/// - Where it runs: handlers where Hummingbird runs them, never on an event loop.
/// - Allocates: for a deadline a task and a timer a request; for what waits an object.
public final class ServerKit: Sendable {
    let options: ServerKitOptions
    let life: ServerLife
    let health: Health
    let rate: RateGate?
    let admission: AdmissionGate?
    private let deadlineHeader: HTTPField.Name?

    /// Creates a kit; traps if an option is invalid, and says which.
    public init(_ configure: (inout ServerKitOptions) -> Void = { _ in }) {
        var options = ServerKitOptions()
        configure(&options)
        let faults = options.check()
        if !faults.isEmpty { fatalError("ServerKit: \(faults.joined(separator: "; "))") }
        self.options = options
        life = ServerLife(clock: options.clock, observer: options.observer)
        health = Health(options.health, life: life)
        rate = options.rateLimit.map { [clock = options.clock] in RateGate($0, clock: clock) }
        do {
            let isCritical = options.routes.values.contains { $0.priority == .critical }
            admission = try options.admission.map {
                try AdmissionGate($0, keepsReserve: isCritical, clock: options.clock)
            }
        } catch {
            fatalError("ServerKit, admission: \(error)")
        }
        deadlineHeader = options.deadlineHeader.flatMap { HTTPField.Name($0) }
    }

    /// What the server has done so far. Takes a few locks for a moment.
    public var statistics: ServerStatistics { ServerStatistics(life) }

    /// Connections and streams that are registered, for tests.
    package var peerCount: Int { life.peerCount }

    /// Whether the drain's delay is over, for tests.
    package var hasDrained: Bool { life.hasDrained }

    /// Requests that wait for admission, for tests.
    package var waiting: Int { admission?.waiting ?? 0 }

    /// Permits of admission that are in use, for tests.
    package var admitted: Int { admission?.inUse ?? 0 }

    /// The server of an `Application`, whose handlers are cancelled when their client has gone.
    public func server(_ serverProtocol: ServerProtocol = .http1) -> HTTPServerBuilder {
        let (life, options) = (life, options.connections)
        let http1 = HTTPServerBuilder { WatchedHTTP1(responder: $0, life: life, options: options) }
        return switch serverProtocol.kind {
        case .http1: http1
        case .http2: HTTPServerBuilder { WatchedStreams.channel(responder: $0, life: life, options: options) }
        case .tls(let tls):
            HTTPServerBuilder {
                try TLSChannel(
                    WatchedHTTP1(responder: $0, life: life, options: options, isSecure: true), tlsConfiguration: tls)
            }
        case .upgrade(let tls):
            HTTPServerBuilder { try WatchedUpgrade(tls: tls, responder: $0, life: life, options: options) }
        }
    }

    /// The kit's parts around handlers: the first middleware of a router, before its routes.
    public func middleware<Context: RequestContext>(for: Context.Type = BasicRequestContext.self)
        -> KitMiddleware<Context>
    {
        KitMiddleware(kit: self)
    }

    /// Throws if the kit was told of routes that `router` does not have; after all routes have been added.
    public func check(_ router: Router<some RequestContext>) throws {
        let known = Set(router.routes.map { "\($0.path)" })
        for route in options.routes.keys.sorted() where !known.contains(route) {
            throw ArgumentError("route", route, "is no route of the router, which has \(known.sorted())")
        }
    }

    /// Runs `app` until a signal ends it: readiness first, answers say `Connection: close`; after the drain's delay the
    /// listener closes and what is served ends; at the drain's limit what is left is cancelled.
    ///
    /// - Parameters:
    ///   - app: The application, with ``server(_:)`` and ``middleware(for:)``.
    ///   - background: What runs beside it. Each begins with the application and is ended after it, the last first, so that
    ///     what requests need is there while they are served. One that fails for good ends everything in order.
    ///   - signals: What begins the end.
    ///   - logger: Where it is told how services begin and end; the application's if not given.
    /// - Cancellation: ends the application at once.
    /// - Throws: What a service of the application throws; ``BackgroundServiceError``.
    public func run(
        _ app: some ApplicationProtocol, background: [BackgroundService] = [],
        signals: [UnixSignal] = [.sigterm, .sigint], logger: Logger? = nil
    ) async throws {
        let drain = DrainService(kit: self)
        defer { drain.end() }
        let logger = logger ?? app.logger
        // Services are told to end from the last to the first.
        var services = background.map { service in
            ServiceGroupConfiguration.ServiceConfiguration(
                service: service.lasting(logger: logger), successTerminationBehavior: .ignore,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        services += [.init(service: app), .init(service: drain)]
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: signals, logger: logger))
        try await group.run()
    }

    /// How long a request may take; the caller makes a route's limit shorter, never longer.
    func limit(of request: Request, _ policy: RoutePolicy?) -> Duration? {
        let own: Duration?
        switch policy?.deadline ?? .inherited {
        case .inherited: own = options.deadline
        case .none: return nil
        case .at(let limit): own = limit
        }
        switch DeadlineHeaders.read(request.headers, deadlineHeader) {
        case .none: return own
        case .limit(let limit): return min(limit, own ?? limit)
        case .invalid:
            life.count(.badDeadlineHeaders)
            return own
        }
    }
}
#endif
