#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime
import ConcertoStreams

/// One connection of libpq and the waits on its socket.
///
/// **Who may touch what.** `raw` belongs to whoever has entered with ``enter()`` and holds the turn of a
/// ``PostgresConnection``: libpq allows one thread at a time. Those who nest (a transaction and the statements in it) do so
/// one inside the other. What the lock protects is only who has entered and why nobody may any more.
final class Link: @unchecked Sendable {  // protected as described above
    struct State {
        var users = 0
        var isClosing = false
        var isFinished = false
        /// Why the connection can't be used any more.
        var failure: PostgresError?
    }

    let library: PostgresLibrary
    let raw: OpaquePointer
    let options: PostgresOptions
    let clock: any TimerClock
    /// Where it leads, for messages: `user@host:port/database`.
    let place: String
    /// What notices are handed to; libpq keeps its address.
    private let notices: NoticeReceiver?
    private let state = Guarded(State())

    init(
        _ raw: OpaquePointer, place: String, library: PostgresLibrary, options: PostgresOptions,
        clock: any TimerClock
    ) {
        self.raw = raw
        self.place = place
        self.library = library
        self.options = options
        self.clock = clock
        notices = options.onNotice.map(NoticeReceiver.init)
        _ = library.functions.setnonblocking(raw, 1)
        let receiver = notices.map { Unmanaged.passUnretained($0).toOpaque() }
        _ = library.functions.setNoticeProcessor(
            raw,
            { context, message in
                // Without a receiver they would go to standard error.
                guard let context else { return }
                let text = String(cString: message)
                Unmanaged<NoticeReceiver>.fromOpaque(context).takeUnretainedValue().receive(text)
            }, receiver)
    }

    deinit {
        if !state.withLastReference({ $0.isFinished }) { library.functions.finish(raw) }
    }

    var failure: PostgresError? { state.withLock { $0.failure } }

    /// Whether it can be used no more.
    var isThrough: Bool { state.withLock { $0.isClosing || $0.failure != nil } }

    /// Begins a use.
    ///
    /// - Throws: Why there can be none.
    func enter() throws(PostgresError) {
        let refusal = state.withLock { state -> PostgresError? in
            if let failure = state.failure { return failure }
            // What has begun inside another use may still end.
            if state.isClosing && state.users == 0 { return Link.closedError(place) }
            state.users += 1
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Ends a use; the last one of a connection that is to be closed closes it.
    func leave() {
        let finishes = state.withLock { state in
            state.users -= 1
            return state.finishes()
        }
        if finishes { library.functions.finish(raw) }
    }

    /// Closes the connection as soon as nobody uses it.
    func close() {
        let finishes = state.withLock { state in
            state.isClosing = true
            return state.finishes()
        }
        if finishes { library.functions.finish(raw) }
    }

    static func closedError(_ place: String) -> PostgresError {
        PostgresError(.closed, "the connection to \(place) has been closed: open a new one")
    }

    /// Notes that the connection is of no use any more.
    @discardableResult
    func giveUp(_ error: PostgresError) -> PostgresError {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
            return error
        }
    }

    // MARK: - Statements

    /// Hands a statement to libpq.
    func send(_ query: PostgresQuery) throws(PostgresError) {
        guard query.parameters.count <= 65_535 else {
            throw PostgresError(
                .usage, "\(query.parameters.count) parameters in one statement: 65,535 is the most; use arrays, or COPY"
            )
        }
        // Without parameters a string may hold several statements, and COPY needs no special case.
        let sent =
            query.parameters.isEmpty
            ? library.functions.sendQuery(raw, query.sql) : try send(query.sql, query.parameters)
        guard sent == 1 else { throw lost() }
    }

    private func send(_ sql: String, _ parameters: [PostgresValue]) throws(PostgresError) -> Int32 {
        var storage: [UInt8] = []
        var places: [Int?] = []
        var lengths: [Int32] = []
        var formats: [Int32] = []
        var types: [UInt32] = []
        for (index, parameter) in parameters.enumerated() {
            places.append(parameter == .null ? nil : storage.count)
            switch parameter {
            case .null:
                lengths.append(0)
            case .text(let value):
                guard !value.utf8.contains(0) else {
                    throw PostgresError(
                        .usage, "parameter $\(index + 1) holds a zero byte, which text can't: send it as bytes")
                }
                storage.append(contentsOf: value.utf8)
                storage.append(0)
                lengths.append(0)
            case .bytes(let bytes):
                storage.append(contentsOf: bytes)
                lengths.append(Int32(clamping: bytes.count))
            }
            if case .bytes = parameter {
                formats.append(1)
                types.append(17)  // bytea
            } else {
                formats.append(0)
                types.append(0)
            }
        }
        // An empty value needs an address too.
        storage.append(0)
        return storage.withUnsafeBytes { memory in
            let base = memory.baseAddress!.assumingMemoryBound(to: CChar.self)
            let values = places.map { $0.map { base + $0 } }
            return library.functions.sendQueryParams(
                raw, sql, Int32(parameters.count), types, values, lengths, formats, 0)
        }
    }

    /// Sends what libpq has kept.
    nonisolated(nonsending)
        func flush() async throws
    {
        while true {
            switch library.functions.flush(raw) {
            case 0: return
            case 1:
                // The server may wait for us to read before it reads.
                try await FileDescriptorReadiness.wait(for: library.functions.socket(raw), .readingOrWriting)
                guard library.functions.consumeInput(raw) == 1 else { throw lost() }
            default: throw lost()
            }
        }
    }

    /// The next answer; `nil` when the statement is through.
    ///
    /// - Throws: ``PostgresError`` of the kind `lost`; `CancellationError`, and the statement goes on.
    nonisolated(nonsending)
        func nextResult() async throws -> ResultBox?
    {
        while library.functions.isBusy(raw) != 0 { try await receive() }
        return library.functions.getResult(raw).map { ResultBox($0, library) }
    }

    /// Waits until something has come, and takes it in.
    ///
    /// - Returns: `false` if the limit came first.
    @discardableResult
    nonisolated(nonsending)
        func receive(_ limit: WaitLimit = .none) async throws -> Bool
    {
        let socket = library.functions.socket(raw)
        guard socket >= 0 else { throw lost() }
        guard try await FileDescriptorReadiness.wait(for: socket, limit: limit) else { return false }
        guard library.functions.consumeInput(raw) == 1 else { throw lost() }
        return true
    }

    /// The error of a connection that broke.
    func lost() -> PostgresError {
        let words = ConnectionFailure.words(text(library.functions.errorMessage(raw)) ?? "")
        return giveUp(
            PostgresError(
                .lost, "the connection to \(place) broke\(words.isEmpty ? "" : ": \(words)"); connect anew"))
    }

    /// Whether the server has hung up, as far as this machine knows. Between two uses only.
    var isAlive: Bool {
        if isThrough { return false }
        // The first reads what the server said before it hung up, the second finds that it did.
        for _ in 0..<2 where library.functions.consumeInput(raw) != 1 || library.functions.status(raw) != 0 {
            return false
        }
        return true
    }

    /// Frees the notifications that have come.
    func takeNotification() -> (channel: String, payload: String, process: Int)? {
        guard let notification = library.functions.notifies(raw) else { return nil }
        defer { library.functions.freemem(notification) }
        return (
            String(cString: notification.pointee.channel), String(cString: notification.pointee.payload),
            Int(notification.pointee.process)
        )
    }
}

extension Link.State {
    fileprivate mutating func finishes() -> Bool {
        guard isClosing, users == 0, !isFinished else { return false }
        isFinished = true
        if failure == nil {
            failure = PostgresError(.closed, "the connection has been closed: open a new one")
        }
        return true
    }
}

/// What gets notices.
private final class NoticeReceiver: Sendable {
    let receive: @Sendable (String) -> Void

    init(_ receive: @escaping @Sendable (String) -> Void) { self.receive = receive }
}
#endif
