#if Server
import Concerto
import ConcertoTesting
import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing

@testable import ConcertoServer

/// Who may have whose answer, and what the cache's keys show and weigh.
@Suite struct OutputSharingTests {
    private func ask(_ port: Int, _ target: String, _ headers: String = "", method: String = "GET") async throws
        -> String
    {
        try await RawClient.with(port: port) { talk in
            try await talk.send("\(method) \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(headers)\r\n")
            return await talk.readToEnd()
        }
    }

    private func served(
        _ cache: OutputCache, _ handler: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let kit = ServerKit()
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("page", use: handler)
        router.head("page", use: handler)
        try await serving(kit, .http1, router) { (port: Int) async throws in try await body(port) }
    }

    @Test func `by what answers differ besides is told by who caches, and without it a request goes past`() async throws
    {
        let calls = Events()
        let cache = OutputCache()
        let tenant = HTTPField.Name("X-Tenant")!
        // As a middleware finds it out: the handler does not see the header.
        let handler: @Sendable (Request, BasicRequestContext) async throws -> Response = cache.caching(
            by: { request, _ in request.headers[tenant] }
        ) { (request: Request, _: BasicRequestContext) -> String in
            calls.add("called")
            return "answer \(calls.all.count)."
        }
        try await served(cache, handler) { (port: Int) async throws in
            var answers: [Substring] = []
            for headers in ["X-Tenant: a\r\n", "X-Tenant: b\r\n", "X-Tenant: a\r\n", "", ""] {
                answers.append(try await ask(port, "/page", headers).suffix(9))
            }
            #expect(answers == ["answer 1.", "answer 2.", "answer 1.", "answer 3.", "answer 4."])
        }
    }

    @Test func `HEAD gets no body, whether its answer is kept or not`() async throws {
        for name in [HTTPField.Name.setCookie, .date] {
            let cache = OutputCache()
            try await served(
                cache,
                cache.caching { _, _ in
                    Response(
                        status: .ok, headers: [name: "a=b"],
                        body: ResponseBody(byteBuffer: ByteBuffer(string: "the body")))
                }
            ) { (port: Int) async throws in
                for _ in 0..<3 {
                    let answer = try await ask(port, "/page", method: "HEAD")
                    #expect(answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("\r\n\r\n"), "\(answer)")
                    #expect(answer.contains("Content-Length: 8\r\n"))
                }
            }
        }
    }

    @Test func `a path is one however many slashes it has`() async throws {
        let calls = Events()
        let cache = OutputCache()
        let handler: @Sendable (Request, BasicRequestContext) async throws -> Response = cache.caching {
            _, _ -> String in
            calls.add("called")
            return "answer \(calls.all.count)."
        }
        try await served(cache, handler) { (port: Int) async throws in
            #expect(try await ask(port, "/page/?a=1").hasSuffix("answer 1."))
            #expect(try await ask(port, "/page/?a=1").hasSuffix("answer 1."))
            cache.invalidate(path: "/page")
            #expect(try await ask(port, "/page/?a=1").hasSuffix("answer 2."))
        }
    }

    @Test func `Vary names each header by which answers are told apart, also one that is a part of another's name`()
        async throws
    {
        let cache = OutputCache { $0.vary = ["accept", "accept-language"] }
        try await served(
            cache,
            cache.caching { _, _ in
                Response(
                    status: .ok, headers: [.vary: "Accept-Language"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "x")))
            }
        ) { (port: Int) async throws in
            let answer = try await ask(port, "/page").lowercased()
            #expect(answer.contains("vary: accept-language, accept\r\n"), "\(answer)")
        }
    }

    @Test func `a tag that has a space in it is compared whole`() async throws {
        let cache = OutputCache()
        try await served(
            cache,
            cache.caching { _, _ in
                Response(
                    status: .ok, headers: [.eTag: "\"2024-01-01 10:00\""],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "x")))
            }
        ) { (port: Int) async throws in
            #expect(try await ask(port, "/page", "If-None-Match: \"2024-01-01 09:00\"\r\n").hasPrefix("HTTP/1.1 200"))
            #expect(try await ask(port, "/page", "If-None-Match: \"2024-01-01 10:00\"\r\n").hasPrefix("HTTP/1.1 304"))
        }
    }

    @Test func `keys weigh, so that long queries do not fill the memory`() async throws {
        let cache = OutputCache { $0.capacity = 100_000 }
        let handler: @Sendable (Request, BasicRequestContext) async throws -> Response = cache.caching {
            _, _ -> String in "x"
        }
        try await served(cache, handler) { (port: Int) async throws in
            for number in 0..<40 {
                #expect(try await ask(port, "/page?\(number)" + String(repeating: "q", count: 8_000)).hasSuffix("x"))
            }
        }
        #expect(cache.statistics.weight <= 100_000 && cache.statistics.entries <= 6, "\(cache.statistics)")
    }

    @Test func `names and errors show a key's path and nothing else of it`() throws {
        let head = HTTPRequest(
            method: .get, scheme: "http", authority: "shop", path: "/reset//now/?token=S3cret",
            headerFields: [.accept: "S3cret"])
        let key = try #require(
            OutputKey(
                Request(head: head, body: RequestBody(buffer: ByteBuffer())), part: "S3cret", vary: [.accept],
                ignoresCookies: false))
        #expect("\(key)" == "/reset/now")
    }
}
#endif
