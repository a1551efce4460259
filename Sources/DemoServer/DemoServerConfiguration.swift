#if CLI
/// How a ``DemoServer`` misbehaves. Everything is decided by the seed, the path and how often the path was asked for
/// before: the same calls meet the same faults, in whatever order they come.
public struct DemoServerConfiguration: Sendable {
    /// Decides which calls meet which fault.
    public var seed: UInt64 = 1
    /// Requests that are answered before the next ones get 429 and `Retry-After` for ``quotaPause``; `nil` for no limit.
    /// Counted in calls alone, so that slow clients run into it as fast ones do.
    public var quota: Int?
    /// How long a client that has used up its quota has to wait for the next: whole seconds.
    public var quotaPause = Duration.seconds(1)
    /// The share of calls, 0 to 1, that get 503 at first.
    public var unavailable: Double = 0
    /// The share of calls whose connection is closed half-way through the first answer.
    public var closed: Double = 0
    /// The share of calls that are answered late.
    public var slow: Double = 0
    /// How late.
    public var slowness: Duration = .milliseconds(300)

    /// How many calls are worked on at a time, in the order in which they came; `nil` for all at once. A call is finished
    /// though its client has given up, as in most servers.
    public var workers: Int?
    /// How long a worker takes for a call.
    public var work: Duration = .milliseconds(50)

    /// A server that answers every call at once.
    public static let calm = DemoServerConfiguration()

    /// A server as they are: 250 calls, then a second's wait; some 503s, some closed connections, some slow answers.
    public static let misbehaving = {
        var configuration = DemoServerConfiguration()
        configuration.quota = 250
        configuration.unavailable = 0.04
        configuration.closed = 0.02
        configuration.slow = 0.03
        return configuration
    }()

    /// A calm server.
    public init() {}
}
#endif
