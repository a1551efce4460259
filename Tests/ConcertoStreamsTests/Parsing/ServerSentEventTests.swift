import Concerto
import ConcertoStreams
import TestSupport
import Testing

@Suite struct ServerSentEventTests {
    /// The events of `text`, however it is cut: into two pieces anywhere, and into single bytes.
    private func events(_ text: String, limit: Int = 100) async throws -> [ServerSentEvent] {
        let bytes = Array(text.utf8)
        let cuts = (0...bytes.count).map { [Array(bytes[..<$0]), Array(bytes[$0...])] } + [bytes.map { [$0] }]
        var results: Set<[ServerSentEvent]> = []
        for pieces in cuts {
            results.insert(try await pieces.asStream().serverSentEvents(limit: limit).toArray(limit: 100))
        }
        #expect(results.count == 1, "it matters where the text is cut: \(results)")
        return results.first!
    }

    private func data(_ text: String) async throws -> [String] { try await events(text).map(\.data) }

    @Test func `121: one space after the colon is no part of the data`() async throws {
        #expect(try await data("data:x\n\ndata: x\n\ndata:  x\n\n") == ["x", "x", " x"])
    }

    @Test func `121: comments are nothing, and an event without data resets its name and is none`() async throws {
        #expect(try await events(": ping\n\n") == [])
        #expect(try await events("event: e\n\ndata: x\n\n") == [ServerSentEvent(data: "x")])
        #expect(try await events("event: e\ndata: x\n\n") == [ServerSentEvent(event: "e", data: "x")])
    }

    @Test func `121: an id stays for what follows, and one with NUL is ignored`() async throws {
        let seen = try await events("id: 1\ndata: a\n\ndata: b\n\nid: 2\u{0}\ndata: c\n\nid\ndata: d\n\n")
        #expect(seen.map(\.id) == ["1", "1", "1", ""])
    }

    @Test func `121: a reconnection time is digits only`() throws {
        var parser = EventStreamParser()
        parser.append(Array("retry: 5s\n\n".utf8))
        #expect(try parser.next() == nil)
        #expect(parser.retry == nil)
        parser.append(Array("retry: 5000\nretry: 99999999999999999999\nretry:\nretry: -1\n\n".utf8))
        #expect(try parser.next() == nil)
        #expect(parser.retry == .seconds(5))
    }

    @Test func `122: an event that is unfinished at the end is dropped, and so is its id`() async throws {
        #expect(try await data("data: a\n\ndata: b\n") == ["a"])
        var parser = EventStreamParser(lastEventID: "7")
        parser.append(Array("id: 8\ndata: a\n".utf8))
        #expect(try parser.next() == nil)
        #expect(parser.lastEventID == "7")
        parser.append([0x0A])
        #expect(try parser.next() == ServerSentEvent(data: "a", id: "8"))
        #expect(parser.lastEventID == "8")
    }

    @Test func `122, B12: a character cut anywhere is whole, and only LF, CR and CR LF end lines`() async throws {
        #expect(try await data("data: €😀\n\n") == ["€😀"])
        #expect(try await data("data: a\r\ndata: b\rdata: c\n\r\n") == ["a\nb\nc"])
        #expect(try await data("data: a\r\rdata: b\r\r") == ["a", "b"])
        #expect(try await data("data: a\u{2028}b\u{85}c\u{0B}d\u{0C}e\n\n") == ["a\u{2028}b\u{85}c\u{0B}d\u{0C}e"])
        #expect(try await data("\u{FEFF}data: a\n\n") == ["a"])
    }

    @Test func `an event comes with its blank line, while the connection stays open`() async throws {
        let channel = UnboundedChannel<[UInt8]>()
        var events = try channel.serverSentEvents().makeAsyncIterator()
        _ = channel.tryWrite(Array("data: a\r\n\r".utf8))
        #expect(try await events.next()?.data == "a")
        _ = channel.tryWrite(Array("\ndata\n\n".utf8))
        #expect(try await events.next()?.data == "")
        channel.tryComplete()
        #expect(try await events.next() == nil)
    }

    @Test func `an event over the limit fails after those before it, and takes no memory`() async throws {
        let text = "data: ok\n\ndata: 12345\ndata: 67890\n\n"
        var events = try [Array(text.utf8)].asStream().serverSentEvents(limit: 10).makeAsyncIterator()
        #expect(try await events.next()?.data == "ok")
        await #expect(throws: EventTooLargeError(line: 4, limit: 10)) { try await events.next() }
        let endless = AsyncGenerator<[UInt8]> { yield in
            while true { try await yield([UInt8](repeating: 0x61, count: 1_000)) }
        }
        await #expect(throws: LineTooLongError.self) { try await endless.serverSentEvents(limit: 100_000).count() }
        #expect(throws: ArgumentError.self) { try [[UInt8]()].asStream().serverSentEvents(limit: 0) }
    }
}
