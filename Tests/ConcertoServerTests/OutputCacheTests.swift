#if Server
import Concerto
import ConcertoResilience
import ConcertoServer
import ConcertoTesting
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite struct OutputCacheTests {
    private let clock = ManualClock()
    private let calls = Events()

    private func cache(_ configure: (inout OutputCacheOptions) -> Void = { _ in }) -> OutputCache {
        OutputCache { options in
            options.clock = clock
            options.timeToLiveJitter = 0
            configure(&options)
        }
    }

    /// A route `/page` whose handler counts its calls and answers with their number, changed by `answer`.
    private func router(
        _ kit: ServerKit, _ cache: OutputCache,
        _ answer: @escaping @Sendable (Request, inout Response) async throws -> Void = { _, _ in }
    ) -> TestRouter {
        let router = TestRouter(options: .autoGenerateHeadEndpoints)
        router.add(middleware: kit.middleware())
        let calls = calls
        router.get(
            "page",
            use: cache.caching { request, _ in
                calls.add("called")
                var response = Response(
                    status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "answer \(calls.all.count).")))
                try await answer(request, &response)
                return response
            })
        return router
    }

    private func get(_ port: Int, _ headers: String = "", method: String = "GET", path: String = "/page") async throws
        -> String
    {
        try await RawClient.with(port: port) { talk in
            try await talk.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(headers)\r\n")
            return await talk.readToEnd()
        }
    }

    @Test func `C1: a hundred requests for what is not there are one call, and all get the answer`() async throws {
        let (cache, opened) = (cache(), Latch())
        let kit = ServerKit()
        try await serving(kit, .http1, router(kit, cache) { _, _ in try await opened.wait() }) {
            (port: Int) async throws in
            async let answers = (0..<100).mapConcurrently(limit: 100) { _ in try await self.get(port) }
            await until { cache.statistics.misses == 100 }
            opened.open()
            for answer in try await answers { #expect(answer.hasSuffix("answer 1.")) }
        }
        #expect(calls.all == ["called"])
        #expect(cache.statistics.loads == 1)
    }

    @Test func `what is there is given out with its age, to HEAD too, until its time is over`() async throws {
        let cache = cache()
        let kit = ServerKit()
        try await serving(kit, .http1, router(kit, cache)) { (port: Int) async throws in
            #expect(try await get(port).contains("Age: 0\r\n"))
            clock.advance(by: .seconds(9))
            let again = try await get(port)
            #expect(again.contains("Age: 9\r\n"))
            #expect(again.hasSuffix("answer 1."))
            let head = try await get(port, method: "HEAD")
            #expect(head.contains("Content-Length: 9\r\n"))
            #expect(head.hasSuffix("\r\n\r\n"))
            clock.advance(by: .seconds(1))
            #expect(try await get(port).hasSuffix("answer 2."))
        }
    }

    @Test func `C5: what a handler throws, those get who waited, and the next request tries again`() async throws {
        let (cache, opened) = (cache(), Latch())
        let kit = ServerKit()
        let calls = calls
        let router = router(kit, cache) { _, _ in
            try await opened.wait()
            if calls.all.count == 1 { throw Problem(.badGateway) }
        }
        try await serving(kit, .http1, router) { (port: Int) async throws in
            async let answers = (0..<10).mapConcurrently(limit: 10) { _ in try await self.get(port) }
            await until { cache.statistics.misses == 10 }
            opened.open()
            for answer in try await answers { #expect(answer.hasPrefix("HTTP/1.1 502")) }
            #expect(try await get(port).hasSuffix("answer 2."))
        }
    }

    @Test func `C5: another status than 200, those get who waited, and nobody else`() async throws {
        let (cache, opened) = (cache(), Latch())
        let kit = ServerKit()
        let router = router(kit, cache) { _, response in
            try await opened.wait()
            response.status = .notFound
        }
        try await serving(kit, .http1, router) { (port: Int) async throws in
            async let answers = (0..<10).mapConcurrently(limit: 10) { _ in try await self.get(port) }
            await until { cache.statistics.misses == 10 }
            opened.open()
            for answer in try await answers {
                #expect(answer.hasPrefix("HTTP/1.1 404"))
                #expect(answer.hasSuffix("answer 1."))
            }
            #expect(try await get(port).hasSuffix("answer 2."))
        }
    }

    @Test func `C6: a handler that takes too long is cancelled, who waits gets 504, and the key is free`() async throws
    {
        let cache = cache { $0.loadLimit = .seconds(2) }
        let kit = ServerKit { $0.deadline = nil }
        let (slow, calls) = (Events(), calls)
        let router = router(kit, cache) { _, _ in
            if calls.all.count == 1 { _ = try await sleepLong(slow) }
        }
        try await serving(kit, .http1, router) { (port: Int) async throws in
            async let answer = get(port)
            await until { slow.contains("started") }
            clock.advance(by: .seconds(2))
            #expect(try await answer.hasPrefix("HTTP/1.1 504"))
            await until { slow.contains("cancelled: none") }
            #expect(try await get(port).hasSuffix("answer 2."))
        }
    }

    @Test func `C7: the one that came first hangs up: the others get the whole answer of the same call`() async throws {
        let (cache, opened) = (cache(), Latch())
        let kit = ServerKit()
        let calls = calls
        try await serving(kit, .http1, router(kit, cache) { _, _ in try await opened.wait() }) {
            (port: Int) async throws in
            async let second = RawClient.with(port: port) { first in
                try await first.send("GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { calls.contains("called") }
                async let second = self.get(port)
                await until { cache.statistics.misses == 2 }
                try await first.reset()
                return try await second
            }
            await until { kit.statistics.cancelled == 1 }
            opened.open()
            #expect(try await second.hasSuffix("answer 1."))
            #expect(try await get(port).hasSuffix("answer 1."))
        }
        #expect(calls.all == ["called"])
    }

    @Test func `C7: when all who waited have gone, the handler is cancelled`() async throws {
        let cache = cache()
        let kit = ServerKit()
        let slow = Events()
        try await serving(kit, .http1, router(kit, cache) { _, _ in _ = try await sleepLong(slow) }) {
            (port: Int) async throws in
            try await RawClient.with(port: port) { talk in
                try await talk.send("GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { slow.contains("started") }
                try await talk.reset()
            }
            await until { slow.contains("cancelled: none") }
        }
        #expect(cache.statistics.abandoned == 1)
    }

    @Test func `C7: a request's deadline ends its wait, not the handler that others wait for`() async throws {
        let (cache, opened) = (cache(), Latch())
        let kitClock = ManualClock()
        let kit = ServerKit { $0.clock = kitClock }
        try await serving(kit, .http1, router(kit, cache) { _, _ in try await opened.wait() }) {
            (port: Int) async throws in
            async let impatient = get(port, "x-request-timeout-ms: 50\r\n")
            await until { cache.statistics.misses == 1 }
            async let patient = get(port)
            await until { cache.statistics.misses == 2 }
            kitClock.advance(by: .milliseconds(50))
            #expect(try await impatient.hasPrefix("HTTP/1.1 504"))
            opened.open()
            #expect(try await patient.hasSuffix("answer 1."))
        }
        #expect(calls.all == ["called"])
    }

    @Test func `C9: late in its life an answer is made anew for the next request, which gets the present one`()
        async throws
    {
        let cache = cache { $0.refreshAfter = 0.8 }
        let kit = ServerKit()
        try await serving(kit, .http1, router(kit, cache)) { (port: Int) async throws in
            _ = try await get(port)
            clock.advance(by: .seconds(8))
            #expect(cache.statistics.loads == 1)
            #expect(try await get(port).hasSuffix("answer 1."))
            await until { cache.statistics.loads == 2 && cache.statistics.loading == 0 }
            #expect(try await get(port).hasSuffix("answer 2."))
        }
    }

    @Test func `C15: an answer that was being made when its path was invalidated is not kept`() async throws {
        let (cache, opened) = (cache(), Latch())
        let kit = ServerKit()
        try await serving(kit, .http1, router(kit, cache) { _, _ in try await opened.wait() }) {
            (port: Int) async throws in
            async let first = get(port)
            await until { calls.contains("called") }
            cache.invalidate(path: "/page")
            opened.open()
            #expect(try await first.hasSuffix("answer 1."))
            #expect(try await get(port).hasSuffix("answer 2."))
            cache.invalidate(path: "/page")
            #expect(try await get(port).hasSuffix("answer 3."))
        }
    }

    @Test func `C19: a trace reaches the handler; deadline and scope of the request that came first do not`()
        async throws
    {
        let cache = cache()
        let kit = ServerKit { $0.deadline = .seconds(1) }
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.add(middleware: Traced())
        router.get(
            "page",
            use: cache.caching { _, _ in
                let scope = RequestScope.current
                return "\(Traced.trace) \(scope.remaining == nil) \(scope.remoteAddress == nil)"
            })
        try await serving(kit, .http1, router) { (port: Int) async throws in
            #expect(try await get(port).hasSuffix("traced true true"))
        }
    }

    private struct Traced: RouterMiddleware {
        @TaskLocal static var trace = "not traced"

        func handle(
            _ request: Request, context: BasicRequestContext,
            next: (Request, BasicRequestContext) async throws -> Response
        ) async throws -> Response {
            try await Self.$trace.withValue("traced") { try await next(request, context) }
        }
    }
}
#endif
