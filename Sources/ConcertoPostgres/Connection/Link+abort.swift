#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime

extension Link {
    /// Brings a statement to its end that nobody wants any more, so that the connection can be used again.
    ///
    /// What has arrived already is read; if that was not all, the server is asked to cancel, and what still comes is read.
    /// A statement that does not end within `cancelTimeout` costs the connection.
    ///
    /// **The race.** A cancellation that arrives late would hit the next statement. So this returns only when the request
    /// has been answered, which is when the server has passed it on, and the statement has ended: in any order.
    ///
    /// - Cancellation: is not seen.
    /// - Returns: The last answer of the statement: it may have been done before the cancellation came.
    @discardableResult
    nonisolated(nonsending)
        func abort() async -> ResultBox?
    {
        do {
            return try await withTaskCancellationShield {
                var last: ResultBox?
                if try await drain(into: &last, waits: false) { return last }
                let deadline = clock.now.advanced(by: options.cancelTimeout)
                let request = CancelRequest(self)
                let isAnswered = await request.send(limit: options.cancelTimeout)
                let isThrough = try await drain(
                    into: &last, waits: true, limit: WaitLimit(deadline: deadline, clock: clock))
                guard isAnswered, isThrough else {
                    throw giveUp(
                        PostgresError(
                            .lost,
                            "a statement on \(place) did not end within \(options.cancelTimeout) of its "
                                + "cancellation; the connection was given up"))
                }
                return last
            }
        } catch {
            return nil
        }
    }

    /// Reads answers until the statement is through.
    ///
    /// - Parameter waits: Whether to wait for what has not arrived.
    /// - Returns: Whether it is through.
    nonisolated(nonsending)
        private func drain(into last: inout ResultBox?, waits: Bool, limit: WaitLimit = .none) async throws -> Bool
    {
        if library.functions.flush(raw) < 0 { throw lost() }
        while true {
            guard library.functions.consumeInput(raw) == 1 else { throw lost() }
            while library.functions.isBusy(raw) == 0 {
                guard let raw = library.functions.getResult(raw) else { return true }
                let result = ResultBox(raw, library)
                switch result.status {
                case .copyIn:
                    _ = library.functions.putCopyEnd(self.raw, "given up by the client")
                    _ = library.functions.flush(self.raw)
                case .copyOut:
                    guard try await skipCopy(waits: waits, limit: limit) else { return false }
                case .singleTuple: continue
                default: last = result
                }
            }
            guard waits, try await receive(limit) else { return false }
        }
    }

    /// - Returns: Whether the copy is through.
    nonisolated(nonsending)
        private func skipCopy(waits: Bool, limit: WaitLimit) async throws -> Bool
    {
        while true {
            var bytes: UnsafeMutablePointer<CChar>?
            let count = library.functions.getCopyData(raw, &bytes, 1)
            if let bytes { library.functions.freemem(bytes) }
            if count < 0 { return true }
            if count == 0 {
                guard waits, try await receive(limit) else { return false }
            }
        }
    }
}

/// The request to end what a connection does. The server takes it on a connection of its own.
private struct CancelRequest {
    /// libpq's object; used by one thread.
    private struct Handle: @unchecked Sendable {
        let raw: OpaquePointer
        let library: PostgresLibrary
    }

    private let handle: Handle?

    init(_ link: Link) {
        handle = link.library.functions.getCancel(link.raw).map { Handle(raw: $0, library: link.library) }
    }

    /// - Returns: Whether the server has taken it.
    nonisolated(nonsending)
        func send(limit: Duration) async -> Bool
    {
        guard let handle else { return false }
        let answer = try? await OffPool.run(limit: limit) {
            var error = [CChar](repeating: 0, count: 256)
            let isTaken = handle.library.functions.cancel(handle.raw, &error, Int32(error.count)) == 1
            handle.library.functions.freeCancel(handle.raw)
            return isTaken
        } discard: { _ in
        }
        return (answer ?? nil) ?? false
    }
}
#endif
