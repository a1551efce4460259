#if Server && os(Linux)
import Concerto
import ConcertoDiagnostics
import HTTPTypes
public import Hummingbird
import NIOCore

/// The dashboard of this process, on a router of its service.
///
/// ```swift
/// try DebugRoutes(token: token, title: "orders").add(to: router)      // https://…/dashboard
/// ```
///
/// A service is there for everybody, so there is no dashboard without a token: browsers ask for it as the password of any
/// name, scripts send it as `Authorization: Bearer …`. A server for this machine alone is `TelemetryServer` of
/// ConcertoExporters, which also answers while the pool stands still.
///
/// - Where it runs: samples are taken on a thread of its own, once a second from the first look on; streams wait where
///   Hummingbird runs its handlers, and for their readers.
/// - Cancellation: a stream ends when its client goes, or when a server of ``ServerKit`` begins to end; on another server it
///   outlives that by as long as its client stays.
public struct DebugRoutes: Sendable {
    private let token: AccessToken
    private let title: String
    private let service = DashboardService()

    /// - Parameters:
    ///   - token: What a request must show, 16 bytes or more.
    ///   - title: What the page is of, in a few words.
    /// - Throws: ``DebugRoutesError`` if the token is shorter.
    public init(token: String, title: String = "Concerto") throws {
        guard token.utf8.count >= AccessToken.shortest else { throw DebugRoutesError() }
        self.token = AccessToken(token)
        self.title = title
    }

    /// Adds `/dashboard` and what the page asks for below `/debug/concerto`.
    public func add<Context: RequestContext>(to router: some RouterMethods<Context>) {
        router.get("/dashboard") { request, _ in
            // A link of another origin may lead here; nothing else of it may ask.
            guarded(request, forLinks: true) {
                service.begin()
                let page = DashboardPage.render(title: title, sample: service.history.latest)
                return answer(page.body, "text/html; charset=utf-8", page.headers)
            }
        }
        router.get("/debug/concerto/events") { request, _ in
            guarded(request) { stream(request) }
        }
        router.get("/debug/concerto/stats") { request, _ in
            guarded(request) {
                guard let sample = service.history.latest else {
                    return answer(Array("no sample yet: look at /dashboard\n".utf8), status: .notFound)
                }
                return answer(Array(sample.json.utf8), "application/json")
            }
        }
        router.get("/debug/concerto/findings") { request, _ in
            if let refusal = refusal(request) { return refusal }
            return look(await service.findings())
        }
        router.get("/debug/concerto/report") { request, _ in
            if let refusal = refusal(request) { return refusal }
            return look(await service.report())
        }
    }

    private func guarded(_ request: Request, forLinks: Bool = false, _ body: () -> Response) -> Response {
        refusal(request, forLinks: forLinks) ?? body()
    }

    /// What a request is answered that may not ask. A browser that has been given the token shows it for every page.
    private func refusal(_ request: Request, forLinks: Bool = false) -> Response? {
        guard token.isShown(in: request.headers[.authorization]) else {
            return answer(
                Array("a token is needed: as a bearer's, or as the password of any name\n".utf8),
                status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"concerto\"")])
        }
        let sites = HTTPField.Name("Sec-Fetch-Site").map { request.headers[values: $0] } ?? []
        guard !forLinks, RequestOrigin.isForeign(sites) else { return nil }
        return answer(Array(RequestOrigin.refusal.utf8), status: .forbidden)
    }

    private func look(_ result: Result<String, DashboardLook.Busy>) -> Response {
        switch result {
        case .success(let text): answer(Array(text.utf8), "application/json")
        case .failure(let busy):
            answer(
                Array("\(busy.sentence)\n".utf8), status: .serviceUnavailable, headers: [("Retry-After", "1")])
        }
    }

    private func answer(
        _ body: [UInt8], _ type: String = "text/plain; charset=utf-8", _ headers: [(String, String)] = []
    ) -> Response { answer(body, type, status: .ok, headers: headers) }

    private func answer(
        _ body: [UInt8], _ type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status,
        headers: [(String, String)] = []
    ) -> Response {
        var fields: HTTPFields = [.contentType: type, .cacheControl: "no-store"]
        for (name, value) in headers + Self.headersOfAll {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Response(
            status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private static let headersOfAll = [
        ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    /// Samples as they are taken. Who does not read is waited for with nothing in memory but one portion; what it has
    /// missed by then and the history has let go of it never gets.
    private func stream(_ request: Request) -> Response {
        service.begin()
        let after =
            HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
            ?? request.uri.queryParameters["after"].map(String.init)
        let history = service.history
        // Keeps the service, and so the samples coming, as long as somebody reads.
        let service = service
        var fields: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        for (name, value) in Self.headersOfAll {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Response(
            status: .ok, headers: fields,
            body: ResponseBody { writer in
                let drain = RequestScope.current.drain
                // Used by this task alone: `withCancellation` runs its body in it.
                nonisolated(unsafe) var given = writer
                var position = after.flatMap { DashboardHistory.Position($0) }
                try await given.write(ByteBuffer(bytes: DashboardHistory.greeting))
                do {
                    try await withCancellation(of: drain) {
                        while true {
                            while let page = history.events(after: position, atMost: 32 << 10) {
                                position = page.position
                                try await given.write(ByteBuffer(bytes: page.bytes))
                            }
                            try await Task.sleep(for: .milliseconds(250))
                        }
                    }
                } catch  where drain.isCancellationRequested && !Task.isCancelled {
                    try await given.write(ByteBuffer(bytes: DashboardHistory.farewell))
                }
                withExtendedLifetime(service) {}
                try await given.finish(nil)
            })
    }
}

/// The token of ``DebugRoutes`` is so short that it can be guessed.
public struct DebugRoutesError: Error, CustomStringConvertible {
    /// What to do.
    public var description: String { "DebugRoutes: the token is shorter than 16 bytes: choose a longer one" }
}
#endif
