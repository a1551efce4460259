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
struct StepTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    /// Creates a job, which is done at the third look; the second look meets a 503.
    private func jobs(_ call: HTTPCall, _ number: Int) -> HTTPReply {
        if call.method == "POST" {
            let id = call.url.split(separator: "/").last ?? ""
            return HTTPReply(
                status: 202, headers: ["location": "/jobs/\(id)", "retry-after": "7"],
                body: ByteBuffer(string: #"{"job":{"id":"j-\#(id)"}}"#))
        }
        if number == 2 { return .status(503) }
        return HTTPReply(
            status: 200, headers: ["content-type": "application/json"],
            body: ByteBuffer(string: #"{"state":"\#(number < 4 ? "running" : "done")","n":\#(number)}"#))
    }

    private func options(
        _ steps: String = #"{"url":"{location}"}"#, until: String? = #".state == "done""#,
        _ change: (inout BatchOptions) -> Void = { _ in }
    ) throws -> BatchOptions {
        let steps = steps.isEmpty ? [] : try BatchStep.steps(steps)
        let polling = try until.map { Polling(until: try Expectation($0)) }
        return setup.options {
            $0.steps = steps
            $0.polling = polling
            change(&$0)
        }
    }

    private func rows(_ count: Int) -> String {
        (1...count).map { #"{"id":"r\#($0)","url":"http://h/create/\#($0)","method":"POST"}"# + "\n" }.joined()
    }

    @Test func `B67: a row is created once and polled until it is done, at the pace that was asked for`() async throws {
        try setup.folder.write("input", rows(1))
        let transport = setup.transport(jobs)
        let summary = try await setup.finish(try options(), transport)
        #expect(summary.succeeded == 1)
        let expected = ["http://h/create/1"] + Array(repeating: "http://h/jobs/1", count: 4)
        #expect(transport.urls == expected)
        let times = transport.arrivals.map { Double($0.time.nanoseconds) / 1e9 }
        // The 202 asks for 7 s; a look follows 2 s on the one before it, and a 503 is repeated as ever.
        #expect(times[1] == 7 && times[2] == 9 && abs(times[4] - times[3] - 2) < 1e-6, "\(times)")
        let result = try #require(try setup.results()["r1"])
        #expect((result["body"] as? [String: Any])?["n"] as? Int == 4 && result["attempts"] as? Int == 5)
    }

    @Test func `B67: a run that stopped among the polls goes on with them and creates nothing twice`() async throws {
        try setup.folder.write("input", rows(6))
        let run = Guarded<BatchRun?>(nil)
        let first = setup.transport { [self] call, number in
            if call.url.hasSuffix("/jobs/3"), number == 3 {
                run.withLock { $0 }?.stop(grace: .zero)
                throw CancellationError()
            }
            return jobs(call, number)
        }
        let begun = try setup.run(try options(), first)
        run.withLock { $0 = begun }
        #expect(try await setup.finish(begun).ending == .interrupted)
        let second = setup.transport { [self] call, _ in jobs(call, 4) }
        let summary = try await setup.finish(try options { $0.existing = .resume }, second)
        #expect(summary.failedAltogether == 0)
        let created = (first.urls + second.urls).filter { $0.contains("create") }
        #expect(Set(created).count == 6 && created.count == 6, "\(created)")
        let store = try SQLiteStore(path: setup.folder("out.store"), durable: false)
        for row in 1...6 { #expect(try await store.pages(of: "r\(row)").isEmpty, "what nobody needs any more is gone") }
        try await store.close()
    }

    @Test func `a poll that failed is gone on with, a job that came to nothing is created anew`() async throws {
        try setup.folder.write("input", rows(2))
        let first = setup.transport { [self] call, number in
            if call.method == "POST" { return jobs(call, number) }
            let isLost = call.url.hasSuffix("/1")
            return isLost ? .status(404) : HTTPReply(status: 200, body: ByteBuffer(string: #"{"state":"failed"}"#))
        }
        let expectation = try Expectation(#".state != "failed""#)
        let change: (inout BatchOptions) -> Void = { $0.expectations = [expectation] }
        #expect(try await setup.finish(try options { change(&$0) }, first).failed == 2)
        #expect(setup.kind(try setup.results()["r2"]) == "expectation")
        let second = setup.transport { [self] call, _ in jobs(call, 4) }
        let again = try options {
            change(&$0)
            $0.existing = .resume
            $0.retriesFailed = true
        }
        #expect(try await setup.finish(again, second).failedAltogether == 0)
        #expect(second.urls.filter { $0.contains("create") } == ["http://h/create/2"])
    }

    @Test func `steps take values from the row and from the answer before, encoded for where they stand`() async throws
    {
        try setup.folder.write("in.csv", "id,city\n1,a/b\n")
        let transport = setup.transport { call, _ in
            call.url == "http://h/jobs"
                ? HTTPReply(
                    status: 200, body: ByteBuffer(string: #"{"job":{"id":"x y","n":[1,12345678901234567890]}}"#))
                : HTTPReply(status: 200, body: ByteBuffer(string: "{}"))
        }
        let text = #"""
            {"url": "http://h/{city}/{.job.id}", "method": "PUT", "headers": {"X-Id": "{id}"},
             "body": "{\"n\": {.job.n[1]:number}, \"c\": \"{city}\"}"}
            {"url": "http://h/last?c={city}"}
            """#
        let body = Guarded<[String]>([])
        let watched = setup.transport { call, number in
            body.withLock { $0.append(String(decoding: call.body ?? [], as: UTF8.self)) }
            return try await transport.send(call)
        }
        let change: (inout BatchOptions) -> Void = {
            $0.input = setup.folder("in.csv")
            $0.idColumn = "id"
            $0.template.url = "http://h/jobs"
        }
        let summary = try await setup.finish(try options(text, until: nil, change), watched)
        let written = try setup.folder.read("out")
        #expect(summary.succeeded == 1, "\(written)")
        #expect(watched.urls == ["http://h/jobs", "http://h/a%2Fb/x%20y", "http://h/last?c=a%2Fb"])
        #expect(body.withLock { $0[1] } == #"{"n": 12345678901234567890, "c": "a/b"}"#)
    }

    @Test func `an answer that leads to another host gets no call, and one that lacks what is needed fails its row`()
        async throws
    {
        try setup.folder.write("input", rows(3))
        let transport = setup.transport { call, _ in
            switch call.url.last {
            case "1": HTTPReply(status: 201, headers: ["location": "http://evil/jobs/1"])
            case "2": HTTPReply(status: 201)
            default: .status(422)
            }
        }
        try await setup.finish(try options(), transport)
        let results = try setup.results()
        #expect(setup.kind(results["r1"]) == "step" && setup.kind(results["r2"]) == "step")
        #expect(setup.kind(results["r3"]) == "status" && transport.arrivals.count == 3)
    }

    @Test func `a row that is never done ends at --max-polls, or when its time is over`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/job\"}\n")
        let transport = setup.transport { _, _ in HTTPReply(status: 200, body: ByteBuffer(string: #"{"state":"x"}"#)) }
        try await setup.finish(try options("") { $0.polling?.maximum = 3 }, transport)
        #expect(setup.kind(try setup.results()["1"]) == "polling" && transport.arrivals.count == 3)
        let timed = setup.transport { _, _ in HTTPReply(status: 200, body: ByteBuffer(string: #"{"state":"x"}"#)) }
        try await setup.finish(
            try options("") {
                $0.totalTimeout = .seconds(7)
                $0.existing = .overwrite
            }, timed)
        #expect(setup.kind(try setup.results()["1"]) == "timeout" && timed.arrivals.count == 4)
    }

    @Test func `a Location with a secret in it is kept in no file, and its POST is not made twice`() async throws {
        try setup.folder.write("input", rows(1))
        let run = Guarded<BatchRun?>(nil)
        let transport = setup.transport { call, _ in
            if call.method == "POST" { return HTTPReply(status: 201, headers: ["location": "/jobs/1?api_key=S3cret"]) }
            run.withLock { $0 }?.stop(grace: .zero)
            throw CancellationError()
        }
        let begun = try setup.run(try options(), transport)
        run.withLock { $0 = begun }
        try await setup.finish(begun)
        for name in ["out.store", "out.store-wal"] where FileManager.default.fileExists(atPath: setup.folder(name)) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: setup.folder(name)))
            #expect(bytes.range(of: Data("S3cret".utf8)) == nil)
        }
        let second = setup.transport { _, _ in .status(200) }
        try await setup.finish(try options { $0.existing = .resume }, second)
        #expect(setup.kind(try setup.results()["r1"]) == "unknown_outcome" && second.urls.isEmpty)
    }

    @Test(arguments: [
        ("", "there is no step"), ("[]", "step 2 is no object"), ("{\"url\":1}", "'url' must be a string"),
        ("{\"method\":\"GET\"}", "has no 'url'"), ("{\"url\":\"x\",\"until\":1}", "unknown field 'until'"),
        ("{\"url\":\"x\"} {", "step 3 is not valid JSON"),
    ])
    func `what is no step is told`(text: String, message: String) {
        let problem = #expect(throws: BatchStep.Problem.self) { try BatchStep.steps(text) }
        #expect(problem?.description.contains(message) == true, "\(problem?.description ?? "")")
    }

    @Test func `a step that names a column that is not there is refused before the first call`() async throws {
        try setup.folder.write("in.csv", "city\nx\n")
        let transport = setup.transport { _, _ in .status(200) }
        let options = try options(#"{"url":"http://h/{ctiy}"}"#, until: nil) {
            $0.input = setup.folder("in.csv")
            $0.template.url = "http://h/jobs"
        }
        let error = await #expect(throws: BatchError.self) { try await setup.finish(options, transport) }
        #expect(error?.description.contains("is 'city' meant?") == true && transport.urls.isEmpty)
    }

    @Test func `other steps than those of the earlier run are refused`() async throws {
        try setup.folder.write("input", rows(1))
        try await setup.finish(try options(), setup.transport { [self] call, _ in jobs(call, 4) })
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(
                try options(#"{"url":"http://h/other"}"#) { $0.existing = .resume }, setup.transport(jobs))
        }
        #expect(error?.description.contains("the steps has another value") == true, "\(error?.description ?? "")")
    }
}
#endif
