#if Server
public import ConcertoRuntime

/// What a ``ServerKit`` does. The order in which its parts act is the kit's own and cannot be got wrong: health, rate
/// limit, deadline, admission (its queue counts against the deadline), handler; problem details around all of them.
public struct ServerKitOptions: Sendable {
    /// How connections are treated.
    public var connections = ConnectionOptions()
    /// How long a request may take, from its head to its answer, queues included; `nil` for as long as it takes. A
    /// ``RoutePolicy`` goes before it, and a caller's header makes it shorter. Default 30 s.
    public var deadline: Duration? = .seconds(30)
    /// The header in which a caller says how many milliseconds it waits; `nil` for none. `grpc-timeout` is understood too.
    public var deadlineHeader: String? = "x-request-timeout-ms"
    /// How much a client may ask for; default no limit.
    public var rateLimit: RequestRateLimit?
    /// How many requests are served at a time; default no limit.
    public var admission: Admission?
    /// What probes are answered.
    public var health = HealthOptions()
    /// Measures every request; default nobody. `ServerMetrics` is one where the trait `Observability` is on.
    public var observer: (any RequestObserver)?
    /// What other errors say to clients; `nil` for what the kit says of them: 500, and nothing of their text.
    public var problem: @Sendable (any Error) -> Problem? = { _ in nil }
    /// For how long a server that ends goes on as before, but not ready, so that balancers notice: zero or longer, default 5 s.
    public var drainDelay = Duration.seconds(5)
    /// How long the whole end may take before handlers are cancelled: longer than the delay, default 30 s.
    public var drainLimit = Duration.seconds(30)
    /// Measures all time but that of the event loops.
    public var clock: any TimerClock = MonotonicClock()

    private(set) var routes: [String: RoutePolicy] = [:]

    init() {}

    /// Says what is different for one route.
    ///
    /// - Parameter template: The route as it was given to the router, with a slash before it: `/orders/{id}`.
    public mutating func route(_ template: String, _ configure: (inout RoutePolicy) -> Void) {
        configure(&routes[template, default: RoutePolicy()])
    }

    func check() -> [String] {
        var faults: [String] = []
        if let deadline, deadline <= .zero { faults.append("deadline must be longer than zero") }
        if drainDelay < .zero { faults.append("drainDelay must be zero or longer") }
        if drainLimit <= drainDelay { faults.append("drainLimit must be longer than drainDelay") }
        for (route, policy) in routes.sorted(by: { $0.key < $1.key }) {
            if case .at(let limit) = policy.deadline, limit <= .zero {
                faults.append("the deadline of \(route) must be longer than zero")
            }
        }
        return faults
    }
}
#endif
