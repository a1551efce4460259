#if Server
/// What a connection may cost in time and bytes, before and beside the handler. HTTP/1.1; of HTTP/2 the largest body, the
/// stall and the number of connections hold.
public struct ByteLimits: Sendable, Hashable {
    /// How long a request's head may take, from the first byte, and a new connection to send one: default 10 s; `nil` for no
    /// limit. A head that was begun is answered 408.
    public var headerTime: Duration? = .seconds(10)
    /// How long a connection may be idle between requests: default 60 s; `nil` for no limit.
    public var idleTime: Duration? = .seconds(60)
    /// How many bytes a second a body must bring, and a client that is written to must take, after ``grace``; default 240; 0
    /// for no limit. Only time counts in which the server reads: a slow handler is not the client's fault.
    public var minimumRate = 240
    /// How long a body may be slower: default 5 s.
    public var grace = Duration.seconds(5)
    /// How long a client may take none of what is written to it: default 10 s; `nil` for no limit.
    public var writeStall: Duration? = .seconds(10)
    /// The largest body, in bytes: default 30,000,000; `nil` for no limit. A declared length is refused before the handler, and
    /// any other where it is crossed.
    public var maximumBody: Int? = 30_000_000
    /// What is read of a body after its request has been answered, in bytes: default 256 KiB.
    public var drainBytes = 256 * 1_024
    /// For how long it is read: default 1 s. So long, too, a connection is kept for its last answer to arrive.
    public var drainTime = Duration.seconds(1)
    /// How many connections: default no limit. More are closed at once, and counted.
    public var maximumConnections: Int?

    /// The defaults: for a server at the edge.
    public init() {}
}
#endif
