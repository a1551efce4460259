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
struct ResultExportTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    /// Answers with the number at the end of the path; the first ones take longest.
    private func transport(failing: Set<Int> = []) -> ScriptedTransport {
        setup.transport { [clock = setup.clock] call, _ in
            let number = Int(call.url.split(separator: "/").last!)!
            try await clock.sleep(for: .milliseconds(1_000 - number))
            let body = #"{"n":\#(number),"tags":["a","b \"c\""],"o":{"x":1}}"#
            return .init(
                status: failing.contains(number) ? 404 : 200, headers: ["content-type": "application/json"],
                body: .init(string: body))
        }
    }

    private func table(_ count: Int) -> String {
        "id,name,url\n" + (1...count).map { "r\($0),\"N, \($0)\",http://h/\($0)\n" }.joined()
    }

    private func options(_ change: (inout BatchOptions) throws -> Void) rethrows -> BatchOptions {
        var options = setup.options { $0.concurrency = 16 }
        try change(&options)
        return options
    }

    @Test func `B68: results come in the order of the input, whatever finishes first`() async throws {
        try setup.folder.write(
            "input", (1...300).map { "{\"id\":\"\($0 % 7)-\($0)\",\"url\":\"http://h/\($0)\"}\n" }.joined())
        try await setup.finish(options { $0.isOrdered = true }, transport())
        let ids = try setup.folder.lines("out").map { try #require($0.firstMatch(of: /"id":"\d-(\d+)"/)).1 }
        #expect(ids.map { Int($0) } == (1...300).map { $0 })
        #expect(setup.folder.exists("out.results") && !setup.folder.exists("out.part"))
    }

    @Test func `a table in makes a table out: its columns, then what came of them, in its order`() async throws {
        try setup.folder.write("in.csv", table(3))
        try await setup.finish(
            try options {
                $0.input = setup.folder("in.csv")
                $0.output = setup.folder("out.csv")
                $0.idColumn = "id"
                $0.selections = [try .init("n=.n"), try .init("tags=.tags[]"), try .init("name=.o"), try .init("x=.x")]
            }, transport(failing: [2]))
        #expect(
            try setup.folder.lines("out.csv") == [
                "id,name,url,status,n,tags,result_name,x,error_kind,error",
                #"r1,"N, 1",http://h/1,200,1,"a; b ""c""","{""x"":1}",,,"#,
                #"r2,"N, 2",http://h/2,404,,,,,status,404 Not Found"#,
                #"r3,"N, 3",http://h/3,200,3,"a; b ""c""","{""x"":1}",,,"#,
            ])
    }

    @Test func `an ordered run that was stopped goes on, and in the end every row is there once, in order`()
        async throws
    {
        try setup.folder.write("input", (1...200).map { "{\"url\":\"http://h/\($0)\"}\n" }.joined())
        let options = options { $0.isOrdered = true }
        let stopped = Flag()
        let run = Guarded<BatchRun?>(nil)
        let first = setup.transport { call, _ in
            let number = Int(call.url.split(separator: "/").last!)!
            if number == 100 {
                stopped.set()
                run.withLock { $0 }?.stop(grace: .zero)
            }
            return .status(200)
        }
        let begun = try setup.run(options, first)
        run.withLock { $0 = begun }
        #expect(try await setup.finish(begun).ending == .interrupted)
        let before = try setup.folder.lines("out").count
        let kept = try setup.folder.lines("out.results").count
        #expect(stopped.isSet && before < 200 && before == kept)
        var resumed = options
        resumed.existing = .resume
        try await setup.finish(resumed, setup.transport { _, _ in .status(200) })
        let ids = try setup.folder.lines("out").map { try #require($0.firstMatch(of: /"id":(\d+)/)).1 }
        #expect(ids.map { Int($0) } == (1...200).map { $0 })
    }

    @Test func `failed rows become the next input, as they stood there`() async throws {
        try setup.folder.write("in.csv", table(5))
        func options(_ input: String, _ existing: BatchOptions.Existing = .refuse) -> BatchOptions {
            self.options {
                $0.input = setup.folder(input)
                $0.failedRows = setup.folder("failed.csv")
                $0.existing = existing
            }
        }
        try await setup.finish(options("in.csv"), transport(failing: [2, 4]))
        #expect(try setup.folder.read("failed.csv") == "id,name,url\nr2,\"N, 2\",http://h/2\nr4,\"N, 4\",http://h/4\n")
        var again = options("failed.csv", .overwrite)
        #expect(!again.problems.isEmpty, "it must not be read and written at a time")
        again.failedRows = nil
        let summary = try await setup.finish(again, transport())
        #expect(summary.succeeded == 2)
        try await setup.finish(options("in.csv", .overwrite), transport())
        #expect(!setup.folder.exists("failed.csv"), "without failures there is no such file")
    }

    @Test func `a call that may have taken effect is not among the failed rows`() async throws {
        try setup.folder.write("input", "{\"method\":\"POST\",\"url\":\"http://h/1\"}\n{\"url\":\"http://h/2\"}\n")
        let told = Guarded<[String]>([])
        let transport = setup.transport { call, _ in
            if call.method == "POST" { throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed") }
            return .status(404)
        }
        try await setup.finish(
            options {
                $0.failedRows = setup.folder("failed")
                $0.notice = { text in told.withLock { $0.append(text) } }
            }, transport)
        #expect(try setup.folder.read("failed") == "{\"url\":\"http://h/2\"}\n")
        #expect(told.withLock { $0 }.contains { $0.hasPrefix("1 row of unknown outcome not in") })
    }
}
#endif
