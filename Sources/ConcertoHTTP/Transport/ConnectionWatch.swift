#if HTTP
import Concerto
import NIOCore

/// Sees to the idle connections of one client: no more of them than a maximum over all hosts, and none for longer
/// than its server will keep it (``KeepAlive``).
///
/// AsyncHTTPClient keeps idle connections by host, as many as there once were, each for the same time.
final class ConnectionWatch: Sendable {
    private struct Idle {
        var connection: NIOLoopBound<AnswerGuard>
        var until: NIODeadline
    }

    /// What was seen lately of a server that hung up on idle connections.
    private struct Server {
        var since: NIODeadline
        /// After how long it does.
        var idled: TimeAmount?
        /// How often it did so right after an answer, and how many connections were used again meanwhile.
        var atOnce = 0
        var reuses = 0
    }

    private struct State {
        /// By their coming: the smallest number has idled longest.
        var idle: [UInt64: Idle] = [:]
        var last: UInt64 = 0
        var isSweeping = false
        var servers: [SocketAddress: Server] = [:]
    }

    /// How often idle connections are looked through.
    private static let interval = TimeAmount.milliseconds(250)
    /// How long it counts that a server was seen to hang up: perhaps it was only restarted.
    private static let memory = TimeAmount.seconds(60)
    private static let rememberedServers = 10_000

    let tickets = AttemptTickets()
    let keepAlive: KeepAlive
    private let maximumIdle: Int
    private let state = Guarded(State())

    init(maximumIdle: Int, keepAlive: KeepAlive) {
        self.maximumIdle = maximumIdle
        self.keepAlive = keepAlive
    }

    /// Idle connections just now.
    var idle: Int { state.withLock { $0.idle.count } }

    /// After how long the server was seen to hang up, lately: zero if it does so right after every few answers.
    func seen(_ address: SocketAddress?, at now: NIODeadline) -> TimeAmount? {
        guard let address, let server = state.withLock({ $0.servers[address] }), now - server.since < Self.memory else {
            return nil
        }
        // Some close after so many answers: that does not make every connection a risk.
        return server.atOnce >= 3 && server.atOnce * 4 >= server.reuses ? .zero : server.idled
    }

    /// A server has hung up on a connection that had idled so long, and had been used again so often.
    func hungUp(_ address: SocketAddress?, after idled: TimeAmount, reuses: Int, at now: NIODeadline) {
        guard let address else { return }
        state.withLock { state in
            if state.servers.count >= Self.rememberedServers { state.servers = [:] }
            var server = state.servers[address] ?? Server(since: now)
            if now - server.since >= Self.memory { server = Server(since: now) }
            server.reuses += reuses
            if idled < KeepAlive.shortest {
                server.atOnce += 1
            } else {
                server.idled = min(server.idled ?? idled, idled)
            }
            state.servers[address] = server
        }
    }

    /// A connection has become idle; on its event loop.
    ///
    /// - Returns: What to call ``busy(_:)`` with.
    func idles(_ connection: NIOLoopBound<AnswerGuard>, until: NIODeadline) -> UInt64 {
        let (number, surplus, sweeps) = state.withLock { state in
            state.last += 1
            state.idle[state.last] = Idle(connection: connection, until: until)
            var surplus: Idle?
            if state.idle.count > maximumIdle, let oldest = state.idle.keys.min() {
                surplus = state.idle.removeValue(forKey: oldest)
            }
            let sweeps = !state.isSweeping
            state.isSweeping = true
            return (state.last, surplus, sweeps)
        }
        if let surplus { Self.close(surplus) }
        if sweeps { scheduleSweep(on: connection.eventLoop) }
        return number
    }

    /// Closes the older half of the idle connections: somebody needs what they take up.
    func makeRoom() {
        let over = state.withLock { state in
            let numbers = state.idle.keys.sorted().prefix((state.idle.count + 1) / 2)
            return numbers.compactMap { state.idle.removeValue(forKey: $0) }
        }
        for idle in over { Self.close(idle) }
    }

    /// A connection is idle no more.
    func busy(_ number: UInt64) { state.withLock { $0.idle[number] = nil } }

    private func scheduleSweep(on eventLoop: any EventLoop) {
        eventLoop.scheduleTask(in: Self.interval) { self.sweep(on: eventLoop) }
    }

    private func sweep(on eventLoop: any EventLoop) {
        let now = NIODeadline.now()
        let (over, goesOn) = state.withLock { state in
            let over = state.idle.filter { $0.value.until <= now }
            for number in over.keys { state.idle[number] = nil }
            state.isSweeping = !state.idle.isEmpty
            return (over.values, state.isSweeping)
        }
        for idle in over { Self.close(idle) }
        if goesOn { scheduleSweep(on: eventLoop) }
    }

    private static func close(_ idle: Idle) {
        let connection = idle.connection
        // Its request may be on its way to the event loop: then it stays open, or the request is sent on another one.
        connection.eventLoop.execute { connection.value.closeIfIdle() }
    }
}
#endif
