#if Batch
import Concerto
import ConcertoHTTP
import TestSupport
import Testing

@testable import ConcertoBatch

struct RunReportTests {
    private func failure(_ message: String, kind: String = "status") -> BatchProgress.Failure {
        BatchProgress.Failure(id: "a", line: 3, kind: kind, message: message)
    }

    @Test func `a timeline keeps every count while its slices grow, and takes no more room`() {
        var random = seededRandom()
        var timeline = RunTimeline()
        var time = Duration.zero
        let rows = 20_000
        for row in 0..<rows {
            time += .milliseconds(Int.random(in: 0...500, using: &random))
            if row.isMultiple(of: 10) { timeline.retried(at: time) }
            timeline.finished(
                at: time, latency: .milliseconds(Int.random(in: 1...60_000, using: &random)), host: "h",
                failure: row.isMultiple(of: 4) ? failure("no") : nil)
        }
        #expect(timeline.slices.count <= RunTimeline.most && timeline.slices.count > RunTimeline.most / 2)
        #expect(timeline.width * timeline.slices.count >= time && timeline.width * (timeline.slices.count - 1) <= time)
        #expect(timeline.slices.reduce(0) { $0 + $1.failed } == rows / 4)
        #expect(timeline.slices.reduce(0) { $0 + $1.succeeded } == rows - rows / 4)
        #expect(timeline.slices.reduce(0) { $0 + $1.retries } == rows / 10)
        #expect(timeline.slices.reduce(0) { $0 + $1.latencies.reduce(0, +) } == rows)
    }

    @Test func `a latency stands in the band that holds it`() {
        for nanoseconds in [0, 500_000, 1_000_001, 1_500_000, 2_000_000, 47_000_000, 31_999_000_000, 3_600_000_000_000]
        {
            let band = RunTimeline.band(of: .nanoseconds(nanoseconds))
            let milliseconds = Double(nanoseconds) / 1e6
            #expect(RunTimeline.start(of: band) <= milliseconds)
            #expect(band == RunTimeline.bands - 1 || milliseconds <= RunTimeline.start(of: band + 1))
        }
    }

    @Test func `failures of more hosts than are told apart stand together`() {
        var timeline = RunTimeline()
        for host in 0..<1_000 {
            timeline.finished(at: .zero, latency: nil, host: "h\(host)", failure: failure("no", kind: "connect"))
        }
        #expect(timeline.failures.count == 201 && timeline.failures.values.reduce(0) { $0 + $1.count } == 1_000)
    }

    @Test func `what comes from rows and servers is text in the page, which holds no script and asks nobody`() {
        var timeline = RunTimeline()
        let nasty = "<script>alert(\"1\")</script>\u{1B}[2J&"
        timeline.finished(at: .seconds(1), latency: .milliseconds(5), host: nasty, failure: failure(nasty))
        var summary = BatchSummary()
        summary.failed = 1
        summary.retries = [nasty: 2]
        summary.paces = [nasty: 3]
        let html = RunReport(summary: summary, timeline: timeline, title: nasty).html
        #expect(!html.contains("<script") && !html.contains("\u{1B}") && !html.contains("://"))
        #expect(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;\\u{1b}[2J&amp;"))
        #expect(html.contains("default-src 'none'"))
    }

    @Test func `a run's page tells its rows, its failures by host and kind, and its retries`() async throws {
        let setup = try RunSetup()
        let rows = (1...60).map { #"{"id":\#($0),"url":"http://\#($0 % 2 == 0 ? "even" : "odd").test/\#($0)"}"# }
        try setup.folder.write("input", (rows + ["nonsense"]).joined(separator: "\n") + "\n")
        let transport = setup.transport { call, number in
            try await Task.delay(for: .milliseconds(50), clock: setup.clock)
            if number == 1, call.url.hasSuffix("4") { return .status(503) }
            return .status(call.url.contains("odd") && call.url.hasSuffix("5") ? 404 : 200)
        }
        let run = try setup.run(setup.options { $0.keepsTimeline = true }, transport)
        #expect(run.report(BatchSummary()) == nil, "it has not begun")
        let summary = try await setup.finish(run)
        let timeline = try #require(run.report(summary)).timeline
        #expect(timeline.failures[.init(host: "odd.test:80", kind: "status")]?.count == 6)
        #expect(timeline.failures[.init(host: "", kind: "invalid_row")]?.count == 1)
        #expect(timeline.slices.reduce(0) { $0 + $1.retries } == 6)
        let html = try #require(run.report(summary)).html
        for text in [
            "<h1>Batch input</h1>", "<dt>failed</dt><dd>7</dd>",
            "<td>odd.test:80</td><td>status</td><td class=\"n\">6</td>",
            "<td>503</td><td>6</td>", "Finished rows a second", "Latency of the last attempts",
        ] { #expect(html.contains(text), "\(text)") }
    }

    @Test func `without being asked for, nothing is kept`() async throws {
        let setup = try RunSetup()
        try setup.folder.write("input", #"{"url":"http://a.test/"}"# + "\n")
        let run = try setup.run(setup.options(), setup.transport { _, _ in .status(200) })
        #expect(run.report(try await setup.finish(run)) == nil)
    }
}
#endif
