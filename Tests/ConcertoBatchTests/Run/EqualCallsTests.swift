#if Batch
import Concerto
import ConcertoHTTP
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

struct EqualCallsTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func write(_ rows: [String]) throws { try setup.folder.write("input", rows.joined(separator: "\n") + "\n") }

    private func options(_ change: (inout BatchOptions) -> Void = { _ in }) -> BatchOptions {
        setup.options {
            $0.joinsEqualCalls = true
            change(&$0)
        }
    }

    private func reply(_ text: String, status: Int = 200) -> HTTPReply {
        HTTPReply(status: status, headers: ["Content-Type": "application/json"], body: ByteBuffer(string: text))
    }

    @Test func `rows with the same call share one, while it is under way and after, whatever its answer`() async throws
    {
        try write((1...40).map { #"{"id":\#($0),"url":"http://a.test/\#($0 % 4)"}"# })
        let transport = setup.transport { call, number in
            try await Task.delay(for: .milliseconds(5), clock: setup.clock)
            return reply("\"\(call.url.last!)-\(number)\"", status: call.url.hasSuffix("3") ? 404 : 200)
        }
        let summary = try await setup.finish(options(), transport)
        #expect(transport.urls.count == 4 && summary.attempts == 4 && summary.sharedAnswers == 36)
        #expect(summary.text.contains("shared     36 rows took the answer of another's call (--dedupe)"))
        let results = try setup.results()
        #expect(results.count == 40)
        for (id, result) in results {
            let number = Int(id)!
            #expect(result["body"] as? String == "\(number % 4)-1")
            #expect(setup.kind(result) == (number % 4 == 3 ? "status" : nil))
            let leader = result["same_as"] as? Int
            #expect((leader == nil) == (result["attempts"] as? Int == 1))
            if let leader { #expect(leader % 4 == number % 4 && leader != number) }
        }
    }

    @Test func `calls that differ in anything are their own, and so is what changes something`() async throws {
        try write([
            #"{"id":1,"url":"http://a.test/"}"#, #"{"id":2,"url":"http://a.test/?"}"#,
            #"{"id":3,"url":"http://a.test/","headers":{"Accept":"text/plain"}}"#,
            #"{"id":4,"url":"http://a.test/","method":"HEAD"}"#,
            #"{"id":5,"url":"http://a.test/","method":"GET","body":"x"}"#,
            #"{"id":6,"url":"http://a.test/","method":"POST","body":"x"}"#,
            #"{"id":7,"url":"http://a.test/","method":"POST","body":"x"}"#,
            #"{"id":8,"url":"http://a.test/","headers":{"ACCEPT":"text/plain"}}"#,
        ])
        let transport = setup.transport { _, _ in reply("{}") }
        let summary = try await setup.finish(options(), transport)
        #expect(transport.urls.count == 7 && summary.sharedAnswers == 1)
        let results = try setup.results()
        #expect(results["8"]?["same_as"] as? Int == 3 || results["3"]?["same_as"] as? Int == 8)
    }

    @Test func `after a call without an answer those who waited make it themselves`() async throws {
        try write((1...6).map { #"{"id":\#($0),"url":"http://a.test/"}"# })
        let transport = setup.transport { _, number in
            try await Task.delay(for: .milliseconds(5), clock: setup.clock)
            if number == 1 { throw HTTPFailure(.closed, mayHaveBeenSent: true, "gone") }
            return reply("{}")
        }
        try await setup.finish(
            options {
                $0.maxRetries = 0
                $0.concurrency = 6
            }, transport)
        let results = try setup.results()
        #expect(results.count == 6 && results.values.count { setup.kind($0) == "closed" } == 1)
        #expect(results.values.count { $0["status"] as? Int == 200 } == 5)
    }

    @Test func `an answer that has been forgotten is asked for again, and no more are kept than there is room for`() {
        let calls = EqualCalls(room: 10_000)
        let id = JSONText.integer(1)
        for number in 0..<1_000 {
            let key = EqualCalls.key(of: HTTPCall(method: "GET", url: "http://a.test/\(number)"))!
            guard case .first = calls.enter(key) else { return #expect(Bool(false), "\(number) is new") }
            calls.end(key, with: reply(String(repeating: "x", count: 400)), of: id)
            #expect(calls.answer(key) != nil)
        }
        let kept = (0..<1_000).filter {
            calls.answer(EqualCalls.key(of: HTTPCall(method: "GET", url: "http://a.test/\($0)"))!) != nil
        }
        #expect(kept == Array((1_000 - kept.count)..<1_000) && (8...10).contains(kept.count), "\(kept)")
    }

    @Test func `what is expected and selected of a shared answer is looked for in each row`() async throws {
        try write((1...3).map { #"{"id":\#($0),"url":"http://a.test/"}"# })
        let transport = setup.transport { _, _ in reply(#"{"a":{"b":5},"errors":null}"#) }
        try await setup.finish(options { $0.selections = [try! Selection("b=.a.b")] }, transport)
        #expect(transport.urls.count == 1)
        #expect(try setup.results().values.allSatisfy { $0["b"] as? Int == 5 })
    }

    @Test func `rows of several calls are not joined`() {
        #expect(
            options { $0.save = "x-{id}" }.problems == [
                "dedupe is for rows of one call: it goes with neither pages, further steps nor --save"
            ])
    }
}
#endif
