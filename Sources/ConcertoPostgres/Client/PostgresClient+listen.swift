#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime
public import ConcertoStreams

extension PostgresClient {
    /// Listens to channels on a connection of its own, for as long as the loop goes on; connects anew, for ever, when the
    /// connection is lost.
    ///
    /// ```swift
    /// for try await event in database.listen(to: "jobs") {
    ///     switch event {
    ///     case .connected, .reconnected: try await takeEverythingThatIsThere()
    ///     case .notification(_, let payload, _): try await take(payload)
    ///     }
    /// }
    /// ```
    ///
    /// A notification is a hint and no queue: what was sent while nobody was connected is lost, which
    /// ``PostgresEvent/reconnected`` says. A connection that has been silent for ``PostgresOptions/probeInterval`` is asked
    /// whether it lives.
    ///
    /// - Cancellation: ends the wait and closes the connection.
    /// - Ordering: as the server delivers.
    /// - Throws: ``PostgresError`` when the server refuses for good, when a channel can't be listened to, and of the kind
    ///   `usage` behind a pooler; `CancellationError`. An outage ends nothing.
    public func listen(to channels: String...) -> AsyncGenerator<PostgresEvent> { listen(to: channels) }

    /// Listens to channels; see ``listen(to:)-(String...)``.
    public func listen(to channels: [String]) -> AsyncGenerator<PostgresEvent> {
        let connector = PostgresConnector(connectionString, options: options, clock: clock, random: random)
        return AsyncGenerator { yield in
            var event = PostgresEvent.connected
            while true {
                let connection = try await connector.connect(for: nil)
                defer { connection.close() }
                do {
                    try await connection.beginListening(to: channels)
                    try await yield(event)
                    event = .reconnected
                    while true { try await yield(connection.nextNotification()) }
                } catch let error as PostgresError where error.isTransient {
                    continue
                }
            }
        }
    }
}

extension PostgresConnection {
    nonisolated(nonsending)
        fileprivate func beginListening(to channels: [String]) async throws
    {
        // A pooler invents the number of the process that it tells its clients.
        let process = try await query("select pg_backend_pid()")[0][0, as: Int.self]
        let announced = Int(link.library.functions.backendPID(link.raw))
        guard process == announced || link.options.allowsListeningThroughPooler else {
            throw PostgresError(
                .usage,
                "\(place) is a pooler: in transaction mode it passes no notification on; connect to the server itself, "
                    + "or set allowsListeningThroughPooler if it keeps sessions")
        }
        for channel in channels { try await query("listen \(identifier: channel)") }
    }

    nonisolated(nonsending)
        fileprivate func nextNotification() async throws -> PostgresEvent
    {
        try await withTurn { link in
            while true {
                if let (channel, payload, process) = link.takeNotification() {
                    return .notification(channel: channel, payload: payload, process: process)
                }
                let limit = WaitLimit(
                    deadline: link.clock.now.advanced(by: link.options.probeInterval), clock: link.clock)
                // A dead peer says nothing: only an answer proves that somebody is there.
                if try await !link.receive(limit) { try await link.probe() }
            }
        }
    }
}

extension Link {
    /// Asks the server for a sign of life.
    ///
    /// - Throws: ``PostgresError`` of the kind `lost` if there is none within the time that a cancelled statement has.
    nonisolated(nonsending)
        fileprivate func probe() async throws
    {
        try send("select 1")
        try await flush()
        let deadline = clock.now.advanced(by: options.cancelTimeout)
        while library.functions.isBusy(raw) != 0 {
            guard try await receive(WaitLimit(deadline: deadline, clock: clock)) else {
                throw giveUp(
                    PostgresError(
                        .lost, "\(place) has not answered for \(options.cancelTimeout); the connection was given up"))
            }
        }
        while let result = try await nextResult() { try check(result) }
    }
}
#endif
