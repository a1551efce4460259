#if Batch
import Concerto
import ConcertoHTTP
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct PagingTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    /// The server of bad manners' pages: items, a `next` field and a `Link` header, until the last.
    private func page(_ call: HTTPCall, of last: Int, from first: Int = 1) -> HTTPReply {
        let number = call.url.firstMatch(of: /[?&]n=(\d+)/).flatMap { Int($0.1) } ?? first
        let next = number < last ? "\"/page?n=\(number + 1)\"" : "null"
        let items = number > last ? "" : "{\"v\":\(number)}"
        var headers: HTTPHeaders = ["content-type": "application/json"]
        if number < last {
            headers.add(name: "link", value: "</page?n=1>; rel=\"first\", </page?n=\(number + 1)>; rel=\"next\"")
        }
        let body = "{\"items\":[\(items)],\"next\":\(next),\"cursor\":\(number < last ? number + 1 : 0)}"
        return HTTPReply(
            status: 200, headers: headers,
            body: ByteBuffer(string: body.replacing("\"cursor\":0", with: "\"cursor\":null")))
    }

    private func options(
        _ next: Paging.Next, items: String? = ".items", _ change: (inout BatchOptions) -> Void = { _ in }
    ) throws -> BatchOptions {
        var paging = Paging(next)
        paging.items = try items.map { try JSONPath($0) }
        return setup.options {
            $0.paging = paging
            change(&$0)
        }
    }

    private static let ways: [(String, String)] = [
        ("url", "http://h/page"), ("parameter", "http://h/page?q=a%20b&n=1"), ("link", "http://h/page"),
        ("offset", "http://h/page?n=1&q=1"),
    ]

    private func next(_ way: String) throws -> Paging.Next {
        switch way {
        case "url": try Paging.next(".next")
        case "parameter": try Paging.next("n=.cursor")
        case "offset": try #require(Paging.offset("n=1"))
        default: .link
        }
    }

    @Test(arguments: Self.ways)
    func `B65: pages are read to their end and put together, whichever way the next one is told`(
        way: String, url: String
    ) async throws {
        try setup.folder.write("input", "{\"url\":\"\(url)\"}\n")
        let transport = setup.transport { call, _ in self.page(call, of: 5) }
        let summary = try await setup.finish(try options(try next(way)), transport)
        #expect(summary.succeeded == 1)
        #expect(
            try setup.folder.read("out").contains(
                #""body":[{"v":1},{"v":2},{"v":3},{"v":4},{"v":5}],"pages":\#(way == "offset" ? 6 : 5),"attempts":"#))
        #expect(transport.arrivals.count == (way == "offset" ? 6 : 5))
    }

    @Test func `B65: without a place for items the pages themselves are put together`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n")
        try await setup.finish(try options(.link, items: nil), setup.transport { call, _ in self.page(call, of: 2) })
        let body = try #require(try setup.results()["1"]?["body"] as? [[String: Any]])
        #expect(body.count == 2 && body[1]["next"] is NSNull)
    }

    @Test func `B65: pages end at a limit, which is told, and at a cursor that comes again, which is an error`()
        async throws
    {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n{\"url\":\"http://h/circle?n=1\"}\n")
        var options = try options(try next("url"))
        options.paging?.maximum = 3
        let transport = setup.transport { call, _ in
            call.url.contains("circle")
                ? HTTPReply(status: 200, body: ByteBuffer(string: #"{"items":[],"next":"/circle?n=1"}"#))
                : self.page(call, of: 9)
        }
        let summary = try await setup.finish(options, transport)
        let results = try setup.results()
        #expect(results["1"]?["pages"] as? Int == 3 && results["1"]?["pages_cut"] as? Bool == true)
        #expect(setup.kind(results["2"]) == "paging" && summary.failed == 1)
        #expect(transport.urls.filter { $0.contains("circle") }.count == 1)
    }

    @Test(arguments: [#"{"href":"/page?n=2"}"#, "[\"/page?n=2\"]", "2", "true"])
    func `a place that tells of a next page by what is no text fails the row, which is not taken for complete`(
        next: String
    ) async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n")
        let transport = setup.transport { _, _ in
            HTTPReply(status: 200, body: ByteBuffer(string: "{\"items\":[1],\"next\":\(next)}"))
        }
        try await setup.finish(try options(try self.next("url")), transport)
        #expect(setup.kind(try setup.results()["1"]) == "paging")
    }

    @Test func `an offset that can't be counted on from fails its row`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/page?n=\(Int.max)\"}\n")
        let transport = setup.transport { _, _ in HTTPReply(status: 200, body: ByteBuffer(string: #"{"items":[1]}"#)) }
        try await setup.finish(try options(try next("offset")), transport)
        #expect(setup.kind(try setup.results()["1"]) == "paging")
    }

    @Test func `a page as deep as a line may be fails its row, and the results stay readable`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n")
        let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        let transport = setup.transport { _, _ in HTTPReply(status: 200, body: ByteBuffer(string: deep)) }
        try await setup.finish(try options(.link, items: nil), transport)
        #expect(setup.kind(try setup.results()["1"]) == "paging")
    }

    @Test func `a next page at another origin gets no call, and no secret`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n")
        let transport = setup.transport { _, _ in
            HTTPReply(status: 200, body: ByteBuffer(string: #"{"items":[1],"next":"http://evil/page"}"#))
        }
        try await setup.finish(try options(try next("url")), transport)
        #expect(setup.kind(try setup.results()["1"]) == "paging" && transport.arrivals.count == 1)
    }

    @Test func `B65: a page that fails is tried again, and a run that stopped there goes on at that page`() async throws
    {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n")
        let run = Guarded<BatchRun?>(nil)
        let first = setup.transport { call, attempt in
            if call.url.hasSuffix("n=2"), attempt == 1 { return .status(503) }
            if call.url.hasSuffix("n=4") {
                run.withLock { $0 }?.stop(grace: .zero)
                throw CancellationError()
            }
            return self.page(call, of: 6)
        }
        let begun = try setup.run(try options(try next("url")), first)
        run.withLock { $0 = begun }
        #expect(try await setup.finish(begun).ending == .interrupted)
        #expect(first.arrivals.count == 5)
        let second = setup.transport { call, _ in self.page(call, of: 6) }
        try await setup.finish(try options(try next("url")) { $0.existing = .resume }, second)
        #expect(second.urls == ["http://h/page?n=4", "http://h/page?n=5", "http://h/page?n=6"])
        #expect(
            try setup.folder.read("out").contains(
                #""body":[{"v":1},{"v":2},{"v":3},{"v":4},{"v":5},{"v":6}],"pages":6"#))
        let store = try SQLiteStore(path: setup.folder("out.store"), durable: false)
        #expect(try await store.pages(of: "1").isEmpty, "what nobody needs any more is gone")
        try await store.close()
    }

    @Test func `other pages than those of the earlier run are refused`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/page\"}\n")
        try await setup.finish(try options(.link), setup.transport { call, _ in self.page(call, of: 2) })
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(
                try options(try next("url")) { $0.existing = .resume }, setup.transport { _, _ in .status(200) })
        }
        #expect(error?.description.contains("paging was by link joined by .items and is by .next") == true)
    }
}
#endif
