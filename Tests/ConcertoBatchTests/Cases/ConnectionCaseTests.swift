#if Batch
import Concerto
import ConcertoBatch
import ConcertoHTTP
import ConcertoTesting
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// Hosts, connections, limits and repeats; the numbers are those of the cases that people have suffered.
@Suite(.timeLimit(.minutes(5)))
struct ConnectionCaseTests {
    private let batch: CaseRun

    init() throws { batch = try CaseRun() }

    @Test
    func `B14: localhost falls back to the address that listens, passwords arrive decoded, names are written in ASCII`()
        async throws
    {
        try await RawServer.run({ _, _ in .ok("{}") }) { server in
            let lines = try await batch.run([
                #"{"id":"localhost","url":"http://localhost:\#(server.port)/"}"#,
                #"{"id":"short","url":"http://127.1:\#(server.port)/"}"#,
                #"{"id":"user","url":"http://user:p%40ss@127.0.0.1:\#(server.port)/secret"}"#,
                #"{"id":"name","url":"http://b\u00fccher.invalid/"}"#,
            ])
            #expect(lines["localhost"]?.status == 200 && lines["short"]?.status == 200, "\(lines)")
            let request = try #require(server.requests.first { $0.target == "/secret" })
            // user:p@ss
            #expect(request.header("authorization") == ["Basic dXNlcjpwQHNz"])
            #expect(lines["name"]?.kind == "dns" && lines["name"]?.text.contains("xn--bcher-kva.invalid") == true)
        }
    }

    @Test func `B35: a reset is closed and not repeated for POST, a refused connection is repeated`() async throws {
        var answer = RawServer.Answer("", closes: true)
        answer.resets = true
        let reset = answer
        let gone = try await RawServer.run({ _, _ in reset }) { $0.port }
        try await RawServer.run({ _, _ in reset }) { server in
            let lines = try await batch.run([
                #"{"id":"post","method":"POST","body":{},"url":"\#(server.url)/"}"#,
                #"{"id":"get","url":"\#(server.url)/"}"#,
                #"{"id":"refused","method":"POST","body":{},"url":"http://127.0.0.1:\#(gone)/"}"#,
            ]) { $0.maxRetries = 2 }
            #expect(lines["post"]?.kind == "closed" && lines["post"]?.attempts == 1, "\(lines)")
            #expect(lines["get"]?.kind == "closed" && lines["get"]?.attempts == 3)
            #expect(lines["refused"]?.kind == "connect" && lines["refused"]?.attempts == 3)
            #expect(server.requests.count { $0.method == "POST" } == 1)
        }
    }

    @Test func `B40: a thousand hosts get a connection each, and not all are kept`() async throws {
        try await RawServer.run(host: "0.0.0.0", { _, _ in .ok("{}") }) { server in
            let lines = try await batch.run(
                (0..<1_000).map {
                    #"{"id":\#($0),"url":"http://127.0.\#($0 / 250 + 1).\#($0 % 250 + 1):\#(server.port)/"}"#
                }
            ) { $0.concurrency = 32 }
            #expect(lines.count == 1_000 && lines.values.allSatisfy { $0.status == 200 })
            #expect(server.connections == 1_000)
        }
    }

    @Test func `B46: a server that always wants another try at once gets as many as there are retries`() async throws {
        let setup = try RunSetup()
        try setup.folder.write("input", #"{"id":1,"url":"http://a.test/"}"# + "\n")
        let transport = setup.transport { _, _ in HTTPReply(status: 429, headers: ["Retry-After": "0"]) }
        try await setup.finish(setup.options { $0.maxRetries = 6 }, transport)
        let result = try #require(try setup.results()["1"])
        #expect(result["status"] as? Int == 429 && result["attempts"] as? Int == 7)
        let times = transport.arrivals.map(\.time)
        #expect(times.first! < times.last!, "time has passed between the attempts")
    }

    @Test func `B49: after a sleep the calls that were due meanwhile do not come all at once`() async throws {
        let setup = try RunSetup()
        let rows = (1...200).map { #"{"id":\#($0),"url":"http://a.test/\#($0)"}"# }
        try setup.folder.write("input", rows.joined(separator: "\n") + "\n")
        let transport = setup.transport { _, _ in HTTPReply(status: 200) }
        let options = setup.options {
            $0.rate = CallRate("50/s")
            $0.concurrency = 64
        }
        let run = try setup.run(options, transport)
        let ended = Flag()
        let task = Task {
            defer { ended.set() }
            return try await run.run()
        }
        await drive(setup.clock) { transport.arrivals.count >= 20 }
        // Ten seconds pass in which no timer fires and no task runs.
        setup.clock.move(to: setup.clock.now.advanced(by: .seconds(10)))
        await drive(setup.clock) { ended.isSet }
        #expect(try await task.value.succeeded == 200)
        let times = transport.arrivals.map(\.time).sorted()
        // Ten at the rate take nine intervals; one may come early as the burst, one of them is the first after the sleep.
        for first in times.indices.dropLast(9) {
            #expect(times[first].duration(to: times[first + 9]) >= .milliseconds(7 * 20))
        }
    }

    @Test func `B50: every answer belongs to its row, whatever was repeated`() async throws {
        let setup = try RunSetup()
        let rows = (1...2_000).map { #"{"id":\#($0),"url":"http://a.test/\#($0)"}"# }
        try setup.folder.write("input", rows.joined(separator: "\n") + "\n")
        var random = seededRandom()
        let fails = Set(
            (1...2_000).filter { _ in Int.random(in: 1...10, using: &random) <= 3 }.map { "http://a.test/\($0)" })
        let transport = setup.transport { call, number in
            if number == 1, fails.contains(call.url) { return HTTPReply(status: 503) }
            return HTTPReply(
                status: 200, headers: ["Content-Type": "application/json"], body: ByteBuffer(string: "\"\(call.url)\""))
        }
        try await setup.finish(setup.options { $0.concurrency = 32 }, transport)
        let results = try setup.results()
        #expect(results.count == 2_000)
        #expect(results.allSatisfy { $0.value["body"] as? String == "http://a.test/\($0.key)" })
    }
}
#endif
