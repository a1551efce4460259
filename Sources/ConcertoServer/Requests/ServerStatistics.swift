#if Server
/// What a server has done so far, and what it is doing.
public struct ServerStatistics: Sendable, Hashable, Codable {
    /// Connections that are open (HTTP/2: those whose streams are served are not counted here).
    public var connections = 0
    /// Requests whose handler was begun.
    public var started: UInt64 = 0
    /// Requests that ended while somebody wanted the answer.
    public var completed: UInt64 = 0
    /// Requests that ended after nobody wanted the answer any more.
    public var cancelled: UInt64 = 0
    /// Connections that were closed because there were too many.
    public var refusedConnections: UInt64 = 0
    /// Heads that took too long.
    public var headerTimeouts: UInt64 = 0
    /// Connections that were idle for too long.
    public var idleTimeouts: UInt64 = 0
    /// Bodies that came too slowly.
    public var slowBodies: UInt64 = 0
    /// Clients that stopped reading.
    public var writeStalls: UInt64 = 0
    /// Bodies that were too long.
    public var oversizedBodies: UInt64 = 0
    /// Bodies that went on for too long after their answer.
    public var abandonedDrains: UInt64 = 0
    /// Requests that were not answered before their deadline.
    public var deadlines: UInt64 = 0
    /// Answers that were made after the deadline, and sent.
    public var lateAnswers: UInt64 = 0
    /// Deadline headers that made no sense.
    public var badDeadlineHeaders: UInt64 = 0
    /// Requests that admission refused.
    public var shed: UInt64 = 0
    /// Requests beyond a rate limit.
    public var rateLimited: UInt64 = 0
    /// Handlers that threw what nobody had foreseen.
    public var failures: UInt64 = 0
    /// Whether the server has begun to end.
    public var isDraining = false

    /// Requests that are being served.
    public var active: UInt64 { started &- completed &- cancelled }

    init(_ life: ServerLife) {
        connections = Int(Int64(bitPattern: life[.connections]))
        refusedConnections = life[.refusedConnections]
        headerTimeouts = life[.headerTimeouts]
        idleTimeouts = life[.idleTimeouts]
        slowBodies = life[.slowBodies]
        writeStalls = life[.writeStalls]
        oversizedBodies = life[.oversizedBodies]
        abandonedDrains = life[.abandonedDrains]
        deadlines = life[.deadlines]
        lateAnswers = life[.lateAnswers]
        badDeadlineHeaders = life[.badDeadlineHeaders]
        shed = life[.shed]
        rateLimited = life[.rateLimited]
        failures = life[.failures]
        completed = life[.completed]
        cancelled = life[.cancelled]
        // Last: what has ended was begun.
        started = life[.started]
        isDraining = life.isDraining
    }
}
#endif
