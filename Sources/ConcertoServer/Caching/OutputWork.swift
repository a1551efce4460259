#if Server
import ConcertoRuntime
import HTTPTypes
import Hummingbird
import NIOCore

/// What a request would do to get an answer; who is the first to miss it does it for all, in a task that is nobody's.
final class OutputWork: Sendable {
    /// The work of the request that asks the cache, for the load that it may begin.
    @TaskLocal static var current: OutputWork?

    /// Calls the handler.
    let run: @Sendable () async throws -> Response
    /// An answer that is for this request alone.
    private let own = Guarded<Response?>(nil)

    init(_ run: @escaping @Sendable () async throws -> Response) {
        self.run = run
    }

    /// An answer that may be given to everybody.
    ///
    /// - Throws: ``NotKept`` with what is to be done with another one; what the handler throws.
    func load(
        maximumBody: Int, vary: [HTTPField.Name], clock: any TimerClock
    ) async throws -> OutputSnapshot {
        let response = try await run()
        let made = clock.now
        let verdict = OutputVerdict(response, vary: vary, at: made)
        guard verdict != .pass, let length = response.body.contentLength, length <= maximumBody else {
            own.withLock { $0 = response }
            throw NotKept(work: self, snapshot: nil)
        }
        let content = OutputCollector.Content()
        try await response.body.write(OutputCollector(content: content, limit: length))
        guard content.isFinished, content.bytes.readableBytes == length else { throw WrongBodyError() }
        var ends = TimerInstant.distantFuture
        if case .keep(let until) = verdict { ends = until }
        let snapshot = OutputSnapshot(
            status: response.status, headers: Self.varied(response.headers, vary), body: content.bytes, made: made,
            ends: ends)
        guard case .keep = verdict else { throw NotKept(work: self, snapshot: snapshot) }
        return snapshot
    }

    /// The answer that was made for this request alone, once.
    func takeOwn() -> Response? { own.withLock { $0.take() } }

    /// Caches on the way have to tell answers apart by the same headers.
    private static func varied(_ headers: HTTPFields, _ vary: [HTTPField.Name]) -> HTTPFields {
        var headers = headers
        let told = Set(
            headers[values: .vary].flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " }.lowercased() })
        let missing = vary.filter { !told.contains($0.canonicalName) }.map(\.rawName)
        if !missing.isEmpty { headers[.vary] = (headers[values: .vary] + missing).joined(separator: ", ") }
        return headers
    }
}

/// An answer is there that is not kept.
struct NotKept: Error {
    /// Whose handler made it.
    let work: OutputWork
    /// It, if those who waited may have it too; otherwise `work` has it.
    let snapshot: OutputSnapshot?
}
#endif
