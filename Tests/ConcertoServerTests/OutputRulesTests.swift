#if Server
import Concerto
import ConcertoServer
import ConcertoTesting
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing

/// What an output cache keeps and gives out, and what it must not.
@Suite struct OutputRulesTests {
    private let calls = Events()

    /// What requests are answered, one after the other.
    private func answers(
        _ requests: [String], with configure: (inout OutputCacheOptions) -> Void = { _ in },
        changing answer: @escaping @Sendable (Request, inout Response) async throws -> Void = { _, _ in }
    ) async throws -> [String] {
        let cache = OutputCache { options in
            options.clock = ManualClock()
            configure(&options)
        }
        let kit = ServerKit()
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        let calls = calls
        let handler = cache.caching { (request: Request, _: BasicRequestContext) -> Response in
            calls.add("called")
            var response = Response(
                status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "answer \(calls.all.count).")))
            try await answer(request, &response)
            return response
        }
        router.get("page", use: handler)
        router.get("other", use: handler)
        router.post("page", use: handler)
        return try await serving(kit, .http1, router) { port in
            var answers: [String] = []
            for request in requests {
                answers.append(
                    try await RawClient.with(port: port) { talk in
                        try await talk.send(request + "Connection: close\r\n\r\n")
                        return await talk.readToEnd()
                    })
            }
            return answers
        }
    }

    private static func get(_ headers: String = "", _ target: String = "/page", host: String = "a") -> String {
        "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\(headers)"
    }

    @Test(arguments: [
        "Authorization: Bearer a\r\n", "Cookie: session=1\r\n", "Range: bytes=0-1\r\n", "Cache-Control: no-store\r\n",
    ])
    func `a request that must not share goes past the cache, and leaves nothing in it`(header: String) async throws {
        let answers = try await answers([Self.get(header), Self.get(header), Self.get(), Self.get(header)])
        #expect(answers.map { $0.suffix(9) } == ["answer 1.", "answer 2.", "answer 3.", "answer 4."])
    }

    @Test func `other methods than GET and HEAD go past the cache`() async throws {
        let post = "POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
        let answers = try await answers([Self.get(), post, post, Self.get()])
        #expect(answers.map { $0.suffix(9) } == ["answer 1.", "answer 2.", "answer 3.", "answer 1."])
    }

    @Test(arguments: [
        "Set-Cookie: a=1", "Cache-Control: private", "Cache-Control: max-age=9, no-store", "Vary: Origin", "Vary: *",
        "Cache-Control: no-cache", "Cache-Control: max-age=0", "Cache-Control: s-maxage=0, max-age=60",
        "Cache-Control: max-age=never",
    ])
    func `an answer that is not for everybody, or not for later, is not kept`(header: String) async throws {
        let parts = header.components(separatedBy: ": ")
        let name = try #require(HTTPField.Name(parts[0]))
        let answers = try await answers(
            [Self.get(), Self.get()],
            changing: { _, response in
                response.headers[name] = parts[1]
            })
        #expect(answers.map { $0.suffix(9) } == ["answer 1.", "answer 2."])
    }

    @Test func `answers are told apart by host, path, query and the headers named, and say so`() async throws {
        let requests = [
            Self.get(), Self.get("", "/page?a=1"), Self.get("", "/other"), Self.get("", host: "b"),
            Self.get("Accept: text/html\r\n"), Self.get("Accept-Language: de\r\n"), Self.get("Accept: text/html\r\n"),
        ]
        let answers = try await answers(requests)
        #expect(answers.map { $0.suffix(9) } == [1, 2, 3, 4, 5, 1, 5].map { "answer \($0)." })
        #expect(answers.allSatisfy { $0.contains("Vary: accept\r\n") }, "\(answers[0])")
    }

    @Test func `a handler sees no header by which answers are not told apart`() async throws {
        let request = Self.get("Cookie: a=1\r\nAccept: text/html\r\nX-User: 7\r\n")
        let answers = try await answers(
            [request, Self.get("Accept: text/html\r\n")], with: { $0.ignoresCookies = true },
            changing: { request, response in
                let names = request.headers.map { $0.name.rawName }.joined(separator: " ")
                response.body = ResponseBody(byteBuffer: ByteBuffer(string: "sees \(names)."))
            })
        #expect(answers.allSatisfy { $0.hasSuffix("sees accept.") }, "\(answers)")
        #expect(calls.all.count == 1)
    }

    @Test func `a client's no-cache does not switch the cache off`() async throws {
        let answers = try await answers([Self.get(), Self.get("Cache-Control: no-cache\r\n")])
        #expect(answers[1].hasSuffix("answer 1."))
    }

    @Test func `a tag that the client knows is answered 304, without a call`() async throws {
        let requests = [
            Self.get(), Self.get("If-None-Match: W/\"x\", \"v1\"\r\n"), Self.get("If-None-Match: \"v2\"\r\n"),
        ]
        let answers = try await answers(requests, changing: { _, response in response.headers[.eTag] = "\"v1\"" })
        #expect(answers[1].hasPrefix("HTTP/1.1 304"))
        #expect(answers[1].contains("ETag: \"v1\"\r\n"))
        #expect(answers[1].hasSuffix("\r\n\r\n"))
        #expect(answers[2].hasSuffix("answer 1."))
        #expect(calls.all.count == 1)
    }

    @Test func `an answer's own time makes the cache's shorter, not longer`() async throws {
        let clock = ManualClock()
        let calls = calls
        // The clock goes on while the second and the fourth request are on the way.
        let cache = OutputCache {
            $0.clock = clock
            $0.timeToLiveJitter = 0
        }
        let kit = ServerKit()
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get(
            "page",
            use: cache.caching { _, _ in
                calls.add("called")
                return Response(
                    status: .ok, headers: [.cacheControl: calls.all.count == 1 ? "max-age=3" : "max-age=60"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "answer \(calls.all.count).")))
            })
        try await serving(kit, .http1, router) { port in
            var seen: [Substring] = []
            for wait in [0, 2, 1, 9, 1] {
                clock.advance(by: .seconds(wait))
                seen.append(
                    try await RawClient.with(port: port) { talk in
                        try await talk.send(Self.get("Connection: close\r\n") + "\r\n")
                        return await talk.readToEnd()
                    }.suffix(9))
            }
            #expect(seen == ["answer 1.", "answer 1.", "answer 2.", "answer 2.", "answer 3."])
        }
    }

    @Test func `a body that is too long, or of unknown length, is streamed past the cache as it comes`() async throws {
        let cache = OutputCache { $0.maximumBody = 4 }
        let kit = ServerKit()
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        let (calls, latches) = (calls, ["long": Latch(), "open": Latch()])
        for (path, length) in [("long", 10 as Int?), ("open", nil)] {
            router.get(
                "\(path)",
                use: cache.caching { _, _ in
                    calls.add(path)
                    return Response(
                        status: .ok,
                        body: ResponseBody(contentLength: length) { writer in
                            try await writer.write(ByteBuffer(string: "first"))
                            try await latches[path]?.wait()
                            try await writer.write(ByteBuffer(string: "after"))
                            try await writer.finish(nil)
                        })
                })
        }
        try await serving(kit, .http1, router) { port in
            for path in ["long", "open"] {
                let latch = try #require(latches[path])
                try await RawClient.with(port: port) { talk in
                    try await talk.send(Self.get("Connection: close\r\n", "/\(path)") + "\r\n")
                    // The first half is there while the second is still to be made.
                    let start = try await talk.read(until: "first")
                    #expect(start.contains("Content-Length: 10\r\n") == (path == "long"))
                    latch.open()
                    let end = await talk.readToEnd()
                    #expect(end.contains("after"))
                }
            }
            // Not once more for all: each for itself.
            let more = try await RawClient.with(port: port) { talk in
                try await talk.send(Self.get("Connection: close\r\n", "/long") + "\r\n")
                return await talk.readToEnd()
            }
            #expect(more.hasSuffix("firstafter"))
        }
        #expect(calls.count("long") == 2)
        #expect(cache.statistics.entries == 0)
    }

    @Test func `half an answer is given to nobody: a body that breaks off, or is shorter than it said`() async throws {
        struct Broken: Error {}
        let bodies: [@Sendable () -> ResponseBody] = [
            {
                ResponseBody(contentLength: 9) { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                    throw Broken()
                }
            },
            {
                ResponseBody(contentLength: 9) { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                    try await writer.finish(nil)
                }
            },
        ]
        let calls = calls
        let answers = try await answers(
            [Self.get(), Self.get(), Self.get()],
            changing: { _, response in
                if calls.all.count <= 2 { response.body = bodies[calls.all.count - 1]() }
            })
        #expect(answers[0].hasPrefix("HTTP/1.1 500"))
        #expect(answers[1].hasPrefix("HTTP/1.1 500"))
        #expect(answers[2].hasSuffix("answer 3."))
    }
}
#endif
