#if Batch
import Concerto
import ConcertoHTTP
import Foundation
import Testing

@testable import ConcertoBatch

struct ReportTests {
    private func progress(total: Int?, finished: Int, seconds: Int = 10) -> BatchProgress {
        BatchProgress(
            total: total, alreadyFinished: 0, finished: finished, failed: 0, inFlight: 3, attempts: finished,
            retries: 0,
            elapsed: .seconds(seconds), waiting: [:], holds: [:], failures: [])
    }

    @Test func theLineTellsHowFarTheRunIs() {
        var progress = progress(total: 10_000, finished: 6_312)
        progress.retries = 1_112
        progress.failed = 2
        progress.waiting = ["a:80": .seconds(1), "api.example.com:443": .seconds(4)]
        #expect(
            ProgressLine(drawsBar: false).text(progress)
                == " 63 % 6,312 of 10,000 · 631/s · 3 in flight · 1,112 retries · 2 failed · "
                + "api.example.com:443 waits 4.0 s · 5.8 s left")
        progress.holds = ["api.example.com:443": .silent(.timeout)]
        #expect(
            ProgressLine(drawsBar: false).text(progress).hasSuffix(
                " · api.example.com:443 does not answer, next try in 4.0 s · 5.8 s left"))
        #expect(ProgressLine(drawsBar: true).text(progress).contains("███████████████▊          6,312"))
    }

    // T2: a server that refused with 503 in a millisecond "did not answer".
    @Test(arguments: [
        (HostHold.asked(status: 429), "h:80 waits 4.0 s (429)"),
        (.fails(status: 503), "h:80 refuses with 503, next try in 4.0 s"),
        (.fails(status: 500), "h:80 answers with 500, next try in 4.0 s"),
        (.silent(.connect), "h:80 does not answer, next try in 4.0 s"),
    ])
    func `the line says why a host waits`(hold: HostHold, words: String) {
        var progress = progress(total: nil, finished: 5)
        progress.waiting = ["h:80": .seconds(4)]
        progress.holds = ["h:80": hold]
        #expect(ProgressLine(drawsBar: false).text(progress).hasSuffix(" · " + words))
    }

    @Test func `the line names the host that refuses most`() {
        var progress = progress(total: nil, finished: 5)
        progress.holds = [
            "a:80": .refuses(status: 429, perSecond: 200), "b:80": .refuses(status: 503, perSecond: 90),
        ]
        #expect(ProgressLine(drawsBar: false).text(progress).hasSuffix(" · b:80 refuses with 503, 90/s"))
    }

    @Test(arguments: [(0, 0), (0, 10), (10, 10), (5, 10), (12, 10)])
    func anyProgressHasALine(finished: Int, total: Int) {
        for seconds in [0, 1] {
            let line = ProgressLine(drawsBar: true).text(progress(total: total, finished: finished, seconds: seconds))
            #expect(line.contains("of \(total)") && !line.contains("\n"))
        }
    }

    @Test func withoutATotalNoShareIsShown() {
        let line = ProgressLine(drawsBar: true).text(progress(total: nil, finished: 5))
        #expect(line.hasPrefix("  5 done") && !line.contains("%") && !line.contains("left"))
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1234, "-1,234"), (-123, "-123"),
    ])
    func numbersAreGrouped(number: Int, text: String) { #expect(ReportText.count(number) == text) }

    @Test(arguments: [
        (0.42, "0.4 ms"), (12, "12 ms"), (1_234, "1.2 s"), (240_000, "4 min"), (9_000_000, "2.5 h"),
    ])
    func timesHaveFittingUnits(milliseconds: Double, text: String) {
        #expect(ReportText.time(milliseconds: milliseconds) == text)
    }

    @Test func talliesBeginWithTheMostFrequent() {
        #expect(ReportText.tally(["503": 40, "429": 1_048, "closed": 40]) == "429 × 1,048, 503 × 40, closed × 40")
    }

    @Test func theSummaryTellsTheStory() throws {
        var summary = BatchSummary()
        summary.succeeded = 990
        summary.failed = 10
        summary.alreadyFinished = 5
        summary.unfinished = 7
        summary.statuses = ["200": 990, "404": 8]
        summary.errors = ["status": 8, "connect": 2]
        summary.attempts = 1_100
        summary.retries = ["429": 60, "503": 40]
        summary.throttledMilliseconds = ["h:80": 4_000]
        summary.serviceTime = .init(p50: 1, p90: 20, p99: 300, max: 4_000)
        summary.responseTime = .init(p50: 2, p90: 20, p99: 300, max: 4_000)
        summary.seconds = 10
        for part in [
            "1,000 rows: 990 succeeded, 10 failed, 5 had finished before, 7 unfinished", "10.0 s", "110 calls/s",
            "200 × 990, 404 × 8", "status × 8, connect × 2", "1,100, 100 of them retries: 429 × 60, 503 × 40",
            "4.0 s by h:80", "p50 1.0 ms · p90 20 ms · p99 300 ms · max 4.0 s (service)", "p50 2.0 ms",
        ] {
            #expect(summary.text.contains(part), "\(part)")
        }
        let object = try JSONSerialization.jsonObject(with: summary.json()) as? [String: Any]
        #expect(object?["already_finished"] as? Int == 5 && object?["ending"] as? String == "completed")
        #expect((object?["service_time"] as? [String: Double])?["p99"] == 300)
        // Codes and hosts are data, not names of fields.
        #expect((object?["throttled_milliseconds"] as? [String: Double]) == ["h:80": 4_000])
    }

    @Test func aDryRunShowsTheCallsAndNoSecret() throws {
        let folder = try TemporaryFolder()
        var options = BatchOptions()
        options.input = try folder.write(
            "input",
            #"{"id":"a","method":"POST","url":"http://u:s3cr3t@h/{env:T}?x=1","headers":{"X-Token":"{env:T}","Cookie":"s3cr3t"},"body":{"n":1}}"#
                + "\n\nnonsense\n{\"url\":\"http://h/3\"}\n{\"url\":\"http://h/4\"}\n")
        options.headers = [("Authorization", "Bearer s3cr3t"), ("X-Mine", "s3cr3t"), ("X-Open", "open")]
        options.secretHeaders = ["x-mine"]
        options.substitution.environment = ["T": "s3cr3t"]
        options.addsIdempotencyKeys = true
        let text = try DryRun(options).text(count: 3)
        #expect(!text.contains("s3cr3t"), "\(text)")
        for part in [
            "# line 1, id a", "POST http://h/(secret)?x=1", "X-Open: open", "Authorization: (secret)",
            "Idempotency-Key: ", "{\"n\":1}", "# line 3 would fail: not a JSON object", "GET http://h/3",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(!text.contains("http://h/4"))
    }

    @Test func aDryRunOfNothingIsAnError() throws {
        let folder = try TemporaryFolder()
        var options = BatchOptions()
        options.input = try folder.write("input", "\n\n")
        #expect(throws: BatchError.self) { try DryRun(options).text(count: 3) }
    }
}
#endif
