#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct BatchRunTests {
    let setup: RunSetup

    init() throws { setup = try RunSetup() }

    func input(_ count: Int, method: String = "GET", from first: Int = 1) -> String {
        (first..<(first + count)).map { "{\"method\":\"\(method)\",\"url\":\"http://h/\($0)\"}\n" }.joined()
    }

    func number(_ call: HTTPCall) -> Int { Int(call.url.split(separator: "/").last!)! }

    @Test func everyRowIsDoneExactlyOnceWhateverTheServerDoes() async throws {
        var random = seededRandom()
        let total = 400
        let faults = (0...total).map { _ in (0..<2).map { _ in Int.random(in: 0..<12, using: &random) } }
        try setup.folder.write(
            "input", (1...total).map { "{\"url\":\"http://h\($0 % 3)/\($0)\",\"metadata\":\($0)}\n" }.joined())
        let transport = setup.transport { call, attempt in
            let number = Int(call.url.split(separator: "/").last!)!
            if number % 10 == 0 { return .status(404) }
            guard attempt <= 2 else { return .status(200) }
            switch faults[number][attempt - 1] {
            case 0: return .status(503)
            case 1: throw HTTPFailure(.closed, mayHaveBeenSent: true, "closed")
            case 2: return .status(429)
            case 3 where number % 7 == 0: return .status(429, retryAfter: "3")
            case 4: await Task.yield()
            default: break
            }
            return .status(200)
        }
        let summary = try await setup.finish(setup.options { $0.concurrency = 16 }, transport)
        let results = try setup.results()
        #expect(results.count == total)
        let attempts = Dictionary(transport.urls.map { ($0, 1) }, uniquingKeysWith: +)
        for number in 1...total {
            let result = try #require(results["\(number)"])
            #expect(result["status"] as? Int == (number % 10 == 0 ? 404 : 200))
            #expect(result["metadata"] as? Int == number)
            #expect(result["attempts"] as? Int == attempts["http://h\(number % 3)/\(number)"])
        }
        #expect(summary.ending == .completed && summary.succeeded == 360 && summary.failed == 40)
        #expect(summary.attempts == transport.arrivals.count && summary.unfinished == 0)
        #expect(summary.retries.values.reduce(0, +) == transport.arrivals.count - total)
        #expect(summary.statuses == ["200": 360, "404": 40] && summary.errors == ["status": 40])
    }

    // T20: the window was counted in rows.
    @Test func noMoreRowsAreHeldThanTheMemoryHolds() async throws {
        let total = 1_000
        try setup.folder.write("input", (1...total).map { "{\"url\":\"http://h\($0)/\"}\n" }.joined())
        let healthy = Flag()
        let transport = setup.transport { _, _ in .status(healthy.isSet ? 200 : 503) }
        let run = try setup.run(
            setup.options {
                $0.maxRetries = 100
                $0.memory = 16_000_000
            }, transport)
        let task = Task { try await run.run() }
        // Half of the memory, in rows of 16 KiB and a little; the one that fills it goes beyond.
        let window = 8_000_000 / (RowSource.rowWeight + 3 * "{\"url\":\"http://h111/\"}".utf8.count) + 1
        // Time stands still: rows park in their back-off, until nobody may take another.
        await until { transport.arrivals.count >= window - 3 && run.progress.inFlight == 0 }
        for _ in 0..<5_000 { await Task.yield() }
        #expect((window - 3...window).contains(transport.arrivals.count))
        healthy.set()
        let ended = Flag()
        let waiter = Task {
            defer { ended.set() }
            return try await task.value
        }
        await drive(setup.clock) { ended.isSet }
        #expect(try await waiter.value.succeeded == total)
        #expect(try setup.results().count == total)
    }

    @Test func stoppingLetsCallsFinishAndAResumedRunDoesTheRest() async throws {
        try setup.folder.write("input", input(50))
        let latch = Latch()
        let transport = setup.transport { call, _ in
            if Int(call.url.split(separator: "/").last!)! > 10 { try await latch.wait() }
            return .status(200)
        }
        let run = try setup.run(setup.options(), transport)
        let task = Task { try await run.run() }
        await until { transport.arrivals.count == 14 }
        run.stop(grace: .seconds(60))
        latch.open()
        let summary = try await task.value
        #expect(summary.ending == .interrupted && summary.succeeded == 14 && summary.unfinished == 36)
        #expect(try setup.results().count == 14)
        let rest = setup.transport { _, _ in .status(200) }
        let second = try await setup.finish(setup.options { $0.existing = .resume }, rest)
        #expect(second.ending == .completed && second.alreadyFinished == 14 && second.succeeded == 36)
        #expect(try setup.results().count == 50)
        #expect(Set(rest.urls).isDisjoint(with: transport.urls) && rest.urls.count == 36)
    }

    @Test func whenGraceIsOverCallsAreCutAndThoseNotToBeRepeatedHaveAnUnknownOutcome() async throws {
        try setup.folder.write("input", input(2) + input(2, method: "POST", from: 3))
        let transport = setup.transport { _, _ in
            try await Latch().wait()
            return .status(200)
        }
        let run = try setup.run(setup.options(), transport)
        let task = Task { try await run.run() }
        await until { transport.arrivals.count == 4 }
        run.stop(grace: .seconds(10))
        for _ in 0..<1_000 { await Task.yield() }
        setup.clock.advance(by: .seconds(10))
        let summary = try await task.value
        #expect(summary.ending == .interrupted && summary.succeeded == 0 && summary.unfinished == 4)
        #expect(try setup.folder.read("out").isEmpty)
        let rest = setup.transport { _, _ in .status(200) }
        let second = try await setup.finish(setup.options { $0.existing = .resume }, rest)
        #expect(Set(rest.urls) == ["http://h/1", "http://h/2"])
        #expect(second.succeeded == 2 && second.failed == 2 && second.errors == ["unknown_outcome": 2])
        let results = try setup.results()
        #expect(["3", "4"].allSatisfy { setup.kind(results[$0]) == "unknown_outcome" })
        // And they are not repeated by `--retry-failed` either.
        let again = setup.transport { _, _ in .status(200) }
        try await setup.finish(
            setup.options {
                $0.existing = .resume
                $0.retriesFailed = true
            }, again)
        #expect(again.urls.isEmpty)
    }

    // A row that would have been repeated had the run gone on is not a failed one.
    @Test
    func aRowWhoseCallFailsForNowWhileTheRunStopsStaysUnfinished() async throws {
        try setup.folder.write("input", input(1))
        let latch = Latch()
        let transport = setup.transport { _, _ in
            try await latch.wait()
            return .status(503)
        }
        let run = try setup.run(setup.options(), transport)
        let task = Task { try await run.run() }
        await until { transport.arrivals.count == 1 }
        run.stop(grace: .seconds(60))
        latch.open()
        let summary = try await task.value
        #expect(summary.failed == 0 && summary.unfinished == 1)
        #expect(try setup.folder.read("out").isEmpty)
    }

    @Test func aRowInItsBackOffStaysUnfinishedWhenTheRunStops() async throws {
        try setup.folder.write("input", input(3))
        let transport = setup.transport { _, _ in .status(503, retryAfter: "100") }
        let run = try setup.run(setup.options { $0.concurrency = 1 }, transport)
        let task = Task { try await run.run() }
        await until { run.progress.waiting["h:80"] != nil }
        #expect(run.progress.waiting["h:80"] == .seconds(100))
        run.stop(grace: .seconds(60))
        let summary = try await task.value
        #expect(summary.ending == .interrupted && summary.failed == 0 && summary.unfinished == 3)
    }

    @Test func stoppingBeforeTheStartCallsNothing() async throws {
        try setup.folder.write("input", input(10))
        let transport = setup.transport { _, _ in .status(200) }
        let run = try setup.run(setup.options(), transport)
        run.stop(grace: .seconds(1))
        let summary = try await setup.finish(run)
        #expect(summary.ending == .interrupted && transport.arrivals.isEmpty)
    }

    @Test func cancellingTheTaskStopsTheRun() async throws {
        try setup.folder.write("input", input(10))
        let transport = setup.transport { _, _ in
            try await Latch().wait()
            return .status(200)
        }
        let run = try setup.run(setup.options(), transport)
        let task = Task { try await run.run() }
        await until { transport.arrivals.count == 4 }
        task.cancel()
        let summary = try await task.value
        #expect(summary.ending == .interrupted && summary.succeeded == 0)
        let rest = setup.transport { _, _ in .status(200) }
        #expect(try await setup.finish(setup.options { $0.existing = .resume }, rest).succeeded == 10)
    }

    /// A minute in which nobody answers: the rows wait for their host, except those that find out whether it is back.
    @Test(arguments: [true, false])
    func anOutageDelaysRowsAndFailsNone(hasBreaker: Bool) async throws {
        try setup.folder.write("input", input(300))
        // A host that works for a second, goes away, and comes back. An answer takes 100 ms: when the second is over, the
        // client has had some, on however busy a machine.
        let outage = TimerInstant(nanoseconds: 1_000_000_000)..<TimerInstant(nanoseconds: 61_000_000_000)
        let transport = setup.transport { [clock = setup.clock] _, _ in
            if outage.contains(clock.now) { throw HTTPFailure(.connect, mayHaveBeenSent: false, "no connection") }
            try await Task.delay(for: .milliseconds(100), clock: clock)
            return .status(200)
        }
        let options = setup.options {
            // However few rows have been read when the host goes: one alone opens the circuit before it has no retry left.
            $0.maxRetries = hasBreaker ? 20 : 1
            if !hasBreaker { $0.breaker = nil }
        }
        let summary = try await setup.finish(options, transport)
        #expect(summary.ending == .completed && summary.succeeded + summary.failed == 300)
        let early = transport.arrivals.filter { outage.contains($0.time) }.count
        if hasBreaker {
            let failed = try setup.results().values.filter { $0["error"] != nil }
            #expect(summary.failed == 0, "\(failed)")
            #expect(early < 80, "\(early) attempts during the outage")
        } else {
            #expect(summary.failed > 0)
        }
    }

    @Test func aHostThatWasNeverThereIsNotWaitedFor() async throws {
        try setup.folder.write("input", input(300))
        let transport = setup.transport { _, _ in
            throw HTTPFailure(.connect, mayHaveBeenSent: false, "no connection")
        }
        let summary = try await setup.finish(setup.options(), transport)
        #expect(summary.ending == .completed && summary.failed == 300)
    }

    @Test func tooManyFailuresEndTheRun() async throws {
        try setup.folder.write("input", input(500))
        let transport = setup.transport { _, _ in .status(404) }
        let summary = try await setup.finish(setup.options { $0.maxFailures = .count(5) }, transport)
        #expect(summary.ending == .tooManyFailures)
        // Those under way finish: at most one a slot more.
        #expect((6...10).contains(summary.failed) && summary.unfinished == 500 - summary.failed)
        #expect(try setup.results().count == summary.failed)
    }

    @Test func idempotencyKeysAreTheSameInEveryAttemptAndAfterAResume() async throws {
        try setup.folder.write("input", input(3, method: "POST"))
        let transport = setup.transport { _, attempt in
            if attempt == 1 { return .status(500) }
            try await Latch().wait()
            return .status(200)
        }
        let run = try setup.run(setup.options { $0.addsIdempotencyKeys = true }, transport)
        let task = Task { try await run.run() }
        await drive(setup.clock) { transport.arrivals.count == 6 }
        task.cancel()
        _ = try await task.value
        let rest = setup.transport { _, _ in .status(200) }
        try await setup.finish(
            setup.options {
                $0.addsIdempotencyKeys = true
                $0.existing = .resume
            }, rest)
        let keys = Dictionary(grouping: transport.arrivals + rest.arrivals, by: \.url).mapValues { $0.map(\.key) }
        #expect(keys.count == 3 && Set(keys.values.flatMap { $0 }).count == 3)
        for keys in keys.values { #expect(keys.count == 3 && Set(keys).count == 1 && keys[0] != nil) }
    }

    @Test func aFullDiskEndsTheRunWithAnError() async throws {
        try setup.folder.write("input", input(100))
        let transport = setup.transport { _, _ in .status(200) }
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(setup.options { $0.output = "/dev/full" }, transport)
        }
        #expect(error?.kind == .store && error?.description.contains("No space left") == true)
    }

    // `--overwrite` removed the input that the output, or the store, named in another way.
    @Test(arguments: ["out", "store"])
    func theInputIsNeverOverwritten(place: String) async throws {
        try setup.folder.write("input", input(1))
        let other = setup.folder("./input")
        let transport = setup.transport { _, _ in .status(200) }
        await #expect(throws: BatchError.self) {
            try await setup.finish(
                setup.options {
                    if place == "out" { $0.output = other } else { $0.store = other }
                    $0.existing = .overwrite
                }, transport)
        }
        #expect(try setup.folder.read("input") == input(1))
    }

    // A resume that is refused must leave the results of failed rows where they are.
    @Test
    func aRefusedRetryOfFailuresLosesNoResult() async throws {
        try setup.folder.write("input", input(5))
        let broken = setup.transport { call, _ in .status(call.url.hasSuffix("3") ? 404 : 200) }
        try await setup.finish(setup.options(), broken)
        let before = try setup.folder.read("out")
        try setup.folder.write("input", input(4) + "{\"url\":\"http://changed/\"}\n")
        await #expect(throws: BatchError.self) {
            try await setup.finish(
                setup.options {
                    $0.existing = .resume
                    $0.retriesFailed = true
                }, broken)
        }
        #expect(try setup.folder.read("out") == before)
    }

    @Test func secretsReachNeitherOutputNorStore() async throws {
        let secret = "s3cr3t-value"
        try setup.folder.write(
            "input",
            "{\"url\":\"http://h/{env:TOKEN}\",\"headers\":{\"Authorization\":\"\(secret)\",\"Cookie\":\"{env:TOKEN}\",\"X-Mine\":\"\(secret)\"}}\n"
                + "{\"url\":\"http://h/\\r\\n\",\"headers\":{\"Authorization\":\"\(secret)\\n\"}}\n")
        let transport = setup.transport { _, _ in
            HTTPReply(status: 200, headers: ["Set-Cookie": secret, "X-Mine": secret])
        }
        let options = setup.options {
            $0.headers = [("X-Mine", secret), ("Proxy-Authorization", secret)]
            $0.secretHeaders = ["x-mine"]
            $0.showsHeaders = true
            $0.substitution.environment = ["TOKEN": secret]
        }
        let summary = try await setup.finish(options, transport)
        #expect(summary.succeeded == 1 && summary.failed == 1)
        for file in try FileManager.default.contentsOfDirectory(atPath: setup.folder.path) where file != "input" {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: setup.folder(file)))
            #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
        }
        let json = String(decoding: try summary.json(), as: UTF8.self)
        #expect(!summary.text.contains(secret) && !json.contains(secret))
    }

    @Test func aRateIsKeptAcrossAllHosts() async throws {
        try setup.folder.write("input", (1...10).map { "{\"url\":\"http://h\($0)/\"}\n" }.joined())
        let transport = setup.transport { _, _ in .status(200) }
        try await setup.finish(setup.options { $0.rate = CallRate("2/s") }, transport)
        // A call notes its time a moment after its turn, when the clock may have been moved on: it may seem late, but
        // never early.
        let times = transport.arrivals.map(\.time.nanoseconds).sorted()
        for (turn, time) in times.enumerated() { #expect(time >= Int64(turn) * 500_000_000) }
    }

    @Test func noHostGetsMoreCallsAtATimeThanItMay() async throws {
        try setup.folder.write("input", (1...200).map { "{\"url\":\"http://h\($0 % 2)/\($0)\"}\n" }.joined())
        let transport = setup.transport { _, _ in
            await Task.yield()
            return .status(200)
        }
        try await setup.finish(
            setup.options {
                $0.concurrency = 16
                $0.perHost = 3
            }, transport)
        #expect(transport.mostInFlight.values.allSatisfy { $0 <= 3 } && transport.arrivals.count == 200)
    }

    /// Runs that are cancelled at random moments and resumed until they are through: every row stands in the output
    /// once, and no finished row is called again.
    @Test
    func runsThatAreStoppedAtRandomLoseNothingAndRepeatNothing() async throws {
        var random = seededRandom()
        for _ in 0..<6 {
            let setup = try RunSetup()
            let total = 200
            try setup.folder.write("input", input(total / 2) + input(total / 2, method: "POST", from: total / 2 + 1))
            let seed = UInt64.random(in: 0...UInt64.max, using: &random)
            var finished: Set<String> = []
            var first = true
            for _ in 0..<40 {
                let transport = setup.transport { call, attempt in
                    var draws = SeededRandom(seed: seed &+ fnv1a("\(call.url) \(attempt)".utf8))
                    for _ in 0..<Int.random(in: 0..<4, using: &draws) { await Task.yield() }
                    return .status([200, 200, 200, 503, 404].randomElement(using: &draws)!)
                }
                let isFirst = first
                let run = try setup.run(setup.options { $0.existing = isFirst ? .refuse : .resume }, transport)
                first = false
                let stopAt = Int.random(in: 1...120, using: &random)
                let ended = Flag()
                let task = Task {
                    defer { ended.set() }
                    return try await run.run()
                }
                let cuts = Bool.random(using: &random)
                await drive(setup.clock) { ended.isSet || transport.arrivals.count >= stopAt }
                if cuts { task.cancel() } else { run.stop(grace: .seconds(5)) }
                await drive(setup.clock) { ended.isSet }
                let summary = try await task.value
                #expect(Set(transport.urls).isDisjoint(with: finished))
                let results = try setup.results()
                #expect(results.count == summary.alreadyFinished + summary.succeeded + summary.failed)
                finished = Set(results.keys.map { "http://h/\($0)" })
                if finished.count == total { break }
            }
            #expect(finished.count == total)
        }
    }
}
#endif
