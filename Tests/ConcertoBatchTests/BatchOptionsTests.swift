#if Batch
import ConcertoHTTP
import ConcertoResilience
import Concerto
import ConcertoTesting
import Testing

@testable import ConcertoBatch

struct BatchOptionsTests {
    @Test func theDefaultsAreFine() { #expect(BatchOptions().problems.isEmpty) }

    @Test func everyBadFieldIsNamedAtOnce() {
        var options = BatchOptions()
        options.concurrency = 0
        options.perHost = 0
        options.burst = 0
        options.timeout = .zero
        options.totalTimeout = .zero
        options.maxRetries = -1
        options.backoffBase = .zero
        options.backoffCap = .seconds(4000)
        options.maxRetryAfter = .seconds(-1)
        options.maxBody = -1
        options.breaker?.halfOpenPermits = 0
        options.headers = [("A B", "x"), ("Authorization", "s3cr3t\r\n")]
        options.existing = .resume
        let text = options.problems.joined(separator: "\n")
        for name in [
            "concurrency", "per-host", "burst", "timeout", "total-timeout", "max-retries", "backoff's base",
            "backoff's cap", "max-retry-after", "max-body", "halfOpenPermits", "a header's name", "'Authorization'",
            "input file",
            "output file",
        ] {
            #expect(text.contains(name), "\(name)")
        }
        #expect(!text.contains("s3cr3t"))
        #expect(throws: BatchError.self) { try BatchRun(options) }
    }

    @Test func retryingFailuresBelongsToAResumedRun() {
        var options = BatchOptions()
        options.retriesFailed = true
        #expect(options.problems.contains { $0.contains("retry-failed") })
    }

    @Test func theInputIsNotTheOutput() {
        var options = BatchOptions()
        options.input = "a"
        options.output = "a"
        #expect(options.problems.contains { $0.contains("must not be the input") })
    }

    /// What passes the check must not trap later.
    @Test func everyLimitThatIsAllowedMakesAClient() throws {
        struct Silent: HTTPTransport {
            func send(_ call: HTTPCall) async throws -> HTTPReply { HTTPReply(status: 200) }
        }
        for extreme in [false, true] {
            var options = BatchOptions()
            options.concurrency = extreme ? 10_000 : 1
            options.perHost = extreme ? 10_000 : 1
            options.burst = extreme ? 1_000_000 : 1
            options.rate = CallRate(extreme ? "1000000000/s" : "1/h")
            options.timeout = extreme ? .seconds(86_400) : .milliseconds(1)
            options.totalTimeout = extreme ? .seconds(30 * 86_400) : .milliseconds(1)
            options.maxRetries = extreme ? 100 : 0
            options.backoffBase = extreme ? .seconds(3600) : .milliseconds(1)
            options.backoffCap = extreme ? .seconds(3600) : .milliseconds(1)
            options.maxRetryAfter = extreme ? .seconds(86_400) : .zero
            #expect(options.problems.isEmpty)
            _ = try ResilientHTTPClient(transport: Silent(), options: options.clientOptions(clock: .monotonic))
        }
    }

    // T8.4: whatever a header is called, its value does not stand in the store.
    @Test func theIdentityTellsWhatChangesTheCallsAndHoldsNoValue() {
        var options = BatchOptions()
        options.headers = [("Authorization", "s3cr3t"), ("X-Mine", "s3cr3t"), ("X-Open", "s3cr3t"), ("x-open", "2")]
        options.secretHeaders = ["x-mine"]
        options.addsIdempotencyKeys = true
        let key = SipHash.Key(low: 1, high: 2)
        let identity = options.identity(key: key)
        #expect(
            Set(identity.keys) == [
                "idempotency-key", "header authorization", "header x-mine", "header x-open", "the results' order",
            ])
        #expect(!identity.values.contains { $0.contains("s3cr3t") } && identity["idempotency-key"] == "auto")
        #expect(options.identity(key: SipHash.Key(low: 1, high: 3))["header x-open"] != identity["header x-open"])
        var changed = options
        changed.headers = [("Authorization", "other"), ("X-Mine", "other"), ("X-Open", "other"), ("X-New", "1")]
        changed.addsIdempotencyKeys = false
        #expect(
            changed.differences(from: identity, key: key) == [
                "the header x-new was not there", "the header x-open has another value",
                "idempotency-key was auto and is none",
            ])
        changed.headers = []
        #expect(changed.differences(from: identity, key: key).contains("the header x-open is gone"))
    }

    // S3: the total time was blamed for the time of an attempt.
    @Test func `a timeout of zero is not said to be a total timeout`() {
        var options = BatchOptions()
        options.timeout = .zero
        #expect(options.problems == ["timeout must be 1ms to 24h"])
    }

    // T10: the next slot was counted from the late start of the last, so that 1,000 a second were 735.
    @Test func `a rate is kept though every timer is late`() throws {
        var options = BatchOptions()
        options.rate = CallRate("1000/s")
        let clock = ManualClock()
        let limiter = try #require(options.clientOptions(clock: clock).limiter)
        var passed = 0
        for _ in 0..<1_000 {
            clock.advance(by: .microseconds(1_310))
            while limiter.tryAcquire() { passed += 1 }
        }
        #expect((1_300...1_320).contains(passed), "\(passed) in 1.31 s")
        clock.advance(by: .seconds(10))
        var burst = 0
        while limiter.tryAcquire() { burst += 1 }
        #expect(burst == 6, "after a pause no more than one and what 5 ms are worth")
    }

    @Test(arguments: [("1000/s", 5), ("200/s", 1), ("90/s", 0), ("1/h", 0), ("1000000/s", 5_000)])
    func `what may follow at once on a late call is worth five milliseconds`(rate: String, calls: Int) {
        #expect(CallRate(rate)?.slack == calls)
    }

    @Test func aRowsOwnHeaderGoesBeforeTheOptions() throws {
        var options = BatchOptions()
        options.headers = [("X-A", "option"), ("X-B", "option")]
        options.addsIdempotencyKeys = true
        let parser = RowParser(substitution: Substitution(), secretHeaders: [])
        func call(_ line: String) throws -> HTTPCall {
            let row = try parser.parse(Array(line.utf8)[...], number: 1, lineNumber: 1).get()
            return options.call(for: row, runID: "run")
        }
        let post = try call(#"{"url":"http://h/","method":"POST","headers":{"x-a":"row"}}"#)
        #expect(post.headers.map(\.value) == ["row", "option", BatchOptions.userAgent, "run-1"])
        #expect(try !call(#"{"url":"http://h/"}"#).hasHeader("idempotency-key"))
        let own = try call(#"{"url":"http://h/","method":"POST","headers":{"idempotency-key":"mine"}}"#)
        #expect(own.headers.filter { $0.name.lowercased() == "idempotency-key" }.map(\.value) == ["mine"])
    }

    @Test(arguments: [
        ("50/s", 20.0), ("100/m", 600), ("1000/h", 3600), ("5", 200), ("0.5/s", 2000), ("1e3/s", 1),
    ])
    func ratesAreRead(text: String, milliseconds: Double) throws {
        let rate = try #require(CallRate(text))
        #expect(abs(rate.interval / .milliseconds(1) - milliseconds) < 1e-6)
    }

    @Test(arguments: ["", "/s", "0/s", "-1/s", "5/d", "5/s/s", "x", "nan/s", "inf/s", "1e10/s", "5/", "5 /s"])
    func otherRatesAreRefused(text: String) { #expect(CallRate(text) == nil) }

    // The time between two calls would be more than a Duration holds, or than a limiter takes.
    @Test(arguments: ["1e-300/s", "1e-9/h"])
    func ratesThatNoLimiterTakesAreRefused(text: String) { #expect(CallRate(text) == nil) }

    @Test func failureLimitsCountOrTakeAShare() throws {
        let count = try #require(FailureLimit("3"))
        #expect(!count.isExceeded(failed: 3, finished: 3) && count.isExceeded(failed: 4, finished: 4))
        let none = try #require(FailureLimit("0"))
        #expect(!none.isExceeded(failed: 0, finished: 10) && none.isExceeded(failed: 1, finished: 1))
        let share = try #require(FailureLimit("10%"))
        #expect(!share.isExceeded(failed: 99, finished: 99), "too few rows for a share")
        #expect(!share.isExceeded(failed: 10, finished: 100) && share.isExceeded(failed: 11, finished: 100))
        for text in ["", "%", "-1", "101%", "-1%", "x", "1.5", "nan%"] { #expect(FailureLimit(text) == nil) }
    }

    @Test func idempotencyKeysTellRowsAndRunsApart() {
        let keys = [
            "a", "b", String(repeating: "x", count: 200), String(repeating: "x", count: 201), "é", "a b", "a\r\n",
        ]
        .flatMap { [IdempotencyKey.make(run: "1", row: $0), IdempotencyKey.make(run: "2", row: $0)] }
        #expect(Set(keys).count == keys.count)
        for key in keys { #expect(HeaderRules.problem(name: "k", value: key) == nil && key.utf8.count < 200) }
        #expect(IdempotencyKey.make(run: "1", row: "é") == IdempotencyKey.make(run: "1", row: "é"))
    }
}
#endif
