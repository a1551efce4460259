#if CLI
/// How a ``DemoServer`` misbehaves. Everything is decided by the seed, the path and how often the path was asked for
/// before: the same calls meet the same faults, in whatever order they come.
public struct DemoServerConfiguration: Sendable {
    /// Decides which calls meet which fault.
    public var seed: UInt64 = 1
    /// Requests a second that are answered; the others get 429 and `Retry-After`. `nil` for no limit.
    public var rateLimit: Int?
    /// Requests that may come at once before the limit shows.
    public var burst: Int = 1
    /// The share of calls, 0 to 1, that get 503 at first.
    public var unavailable: Double = 0
    /// The share of calls whose connection is closed half-way through the first answer.
    public var closed: Double = 0
    /// The share of calls that are answered late.
    public var slow: Double = 0
    /// How late.
    public var slowness: Duration = .milliseconds(300)

    /// A server that answers every call at once.
    public static let calm = DemoServerConfiguration()

    /// A server as they are: 250 requests a second, some 503s, some closed connections, some slow answers.
    public static let misbehaving = {
        var configuration = DemoServerConfiguration()
        configuration.rateLimit = 250
        configuration.burst = 250
        configuration.unavailable = 0.04
        configuration.closed = 0.02
        configuration.slow = 0.03
        return configuration
    }()

    /// A calm server.
    public init() {}
}
#endif
