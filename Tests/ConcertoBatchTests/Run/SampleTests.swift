#if Batch
import Concerto
import ConcertoHTTP
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

struct SampleTests {
    private let setup: RunSetup

    init() throws {
        setup = try RunSetup()
        let rows = (1...300).map { #"{"id":\#($0),"url":"http://a.test/\#($0)"}"# }
        try setup.folder.write("input", rows.joined(separator: "\n") + "\n")
    }

    private func transport() -> ScriptedTransport {
        setup.transport { call, _ in
            try await Task.delay(for: .milliseconds(100), clock: setup.clock)
            return HTTPReply(status: call.url.hasSuffix("0") ? 404 : 200)
        }
    }

    @Test func `a sample calls so many rows, each once, tells what all would take, and the rest follows`() async throws
    {
        let first = transport()
        let summary = try await setup.finish(setup.options { $0.sample = 30 }, first)
        #expect(summary.ending == .sampled && summary.succeeded + summary.failed == 30 && summary.unfinished == 270)
        #expect(Set(first.urls).count == 30 && first.urls.count == 30)
        let projection = try #require(summary.projection)
        // 300 calls of 0.1 s, four at a time.
        #expect(projection.rows == 300 && abs((projection.seconds ?? 0) - 7.5) < 0.01 && projection.concurrency == 4)
        #expect(projection.failed == summary.failed * 10 && projection.bytes == summary.resultBytes * 10)
        #expect(
            summary.text.contains("sample     all 300 rows would take about 7.5 s (4 at a time) and "),
            "\(summary.text)")
        let second = transport()
        let rest = try await setup.finish(setup.options { $0.existing = .resume }, second)
        #expect(rest.alreadyFinished == 30 && rest.succeeded + rest.failed == 270 && rest.projection == nil)
        #expect(Set(first.urls).isDisjoint(with: second.urls))
        #expect(try setup.results().count == 300)
    }

    @Test func `a sample of a run that goes on is taken of the rows that are left`() async throws {
        try await setup.finish(setup.options { $0.sample = 290 }, transport())
        let second = transport()
        let summary = try await setup.finish(
            setup.options {
                $0.sample = 20
                $0.existing = .resume
            }, second)
        #expect(summary.ending == .completed)
        #expect(second.urls.count == 10 && summary.projection?.rows == 10 && summary.alreadyFinished == 290)
        #expect(try setup.results().count == 300)
    }

    @Test func `every row has the same chance`() {
        let known = KnownRows()
        var counts = [Int](repeating: 0, count: 11)
        for _ in 0..<2_000 { for number in known.sample(3, of: 10) { counts[number] += 1 } }
        // 600 each; six standard deviations are 123.
        #expect(counts[0] == 0 && counts.dropFirst().allSatisfy { (477...723).contains($0) }, "\(counts)")
    }

    @Test func `a rate that is slower than the calls is what the whole takes`() async throws {
        let summary = try await setup.finish(
            setup.options {
                $0.sample = 10
                $0.rate = CallRate("10/s")
            }, transport())
        #expect(abs((summary.projection?.seconds ?? 0) - 30) < 0.01)
    }

    @Test func `equal calls count once, a limit for the host holds, and without answers there is no time`() async throws
    {
        let rows = (1...300).map { #"{"id":\#($0),"url":"http://a.test/\#($0 % 5)"}"# }
        try setup.folder.write("input", rows.joined(separator: "\n") + "\n")
        let shared = try await setup.finish(
            setup.options {
                $0.sample = 100
                $0.joinsEqualCalls = true
                $0.concurrency = 10
                $0.perHost = 2
            }, transport())
        // 5 calls for 100 rows are 15 for 300: 1.5 s, two at a time.
        #expect(abs((shared.projection?.seconds ?? 0) - 0.75) < 0.01 && shared.projection?.concurrency == 2)
        #expect(shared.serviceTime?.p50 ?? 0 >= 99 && shared.sharedAnswers == 95)
        let dead = setup.transport { _, _ in throw HTTPFailure(.connect, mayHaveBeenSent: false, "nobody") }
        let summary = try await setup.finish(
            setup.options {
                $0.sample = 10
                $0.maxRetries = 0
                $0.existing = .overwrite
            }, dead)
        #expect(summary.projection?.seconds == nil && summary.text.contains("would take nobody knows how long"))
    }

    @Test func `no sample of nothing, and none of what comes once`() throws {
        #expect(setup.options { $0.sample = 0 }.problems == ["sample must be at least 1 row"])
        let piped = setup.options {
            $0.input = nil
            $0.sample = 5
        }
        #expect(piped.problems == ["sample needs an input file: rows are chosen among all of them"])
    }
}
#endif
