import Concerto
import ConcertoStreams
import ConcertoTesting
import TestSupport
import Testing

/// The cases of operators with time; a tick is a millisecond of a clock that the test moves.
@Suite struct TimeTests {
    // MARK: Debounce

    @Test(arguments: [
        (1, 20, "a@10 b@40 c@70 d@100 |@200", "a@30 b@60 c@90 d@120 |@200"),
        (2, 40, "1@10 2@40 3@70 4@100 5@130 6@160 7@190 |@200", "7@200 |@200"),
        (4, 20, "a@10 b@40 c@50 d@80 |@100", "a@30 c@70 d@100 |@100"),
        (5, 0, "a@0 b c |", "a@0 b c |"),
        (10, 3, "ab--cd-e-f---gh|", "f@12 h@15 |@15"),
        // B7: what comes at the deadline replaces what waits for it.
        (7, 10, "a@0 b@10 |@50", "b@20 |@50"),
    ])
    func `1 to 10, B2, B7: debounce`(number: Int, quiet: Int, input: String, output: String) throws {
        try expect(
            try MarbleDiagram(input), { try $0.debounced(for: .ticks(quiet), clock: $1) }, try MarbleDiagram(output))
    }

    @Test func `7: a debounce whose time depends on the element`() throws {
        try expect(
            "1@0 2@90 3@180 4@1190 5@2200 |",
            { source, clock in source.debounced(clock: clock) { $0 == "1" ? .zero : .ticks(1_000) } },
            "1@0 3@1180 4@2190 5@2200 |")
    }

    @Test func `8: a debounce of 100 drops what is 99 apart and keeps what is 101 apart`() throws {
        var moments: [MarbleDiagram.Moment] = []
        var tick = 0
        for number in 0..<10 {
            moments.append(.init(.element("a\(number)"), at: tick))
            tick += number == 9 ? 50 : 99
        }
        for number in 0..<10 {
            moments.append(.init(.element("\(number)"), at: tick))
            tick += 101
        }
        moments.append(.init(.end, at: tick))
        let marbles = Marbles()
        let seen = marbles.run(
            try marbles.hot(MarbleDiagram(moments)).debounced(for: .ticks(100), clock: marbles.clock))
        #expect(
            seen.moments.map(\.event)
                == (0..<10).map { MarbleDiagram.Event.element("\($0)") } + [MarbleDiagram.Event.end])
    }

    @Test func `11, B1: a debounce does not lose a failure that comes while the loop is busy`() throws {
        try expect("1@0 #@60", { try $0.debounced(for: .ticks(10), clock: $1) }, "1@10 #@150", busy: 140)
    }

    // MARK: Throttle

    @Test(arguments: [
        (13, 3, ThrottleKeeping.firstAndLatest, "abcdefghijk|", "a@0 d@3 g@6 j@9 k@12 |@12"),
        (14, 3, .first, "abcdefghijk|", "a@0 d@3 g@6 j@9 |@11"),
        (16, 50, .firstAndLatest, "1@0 2 3 |@500", "1@0 3@50 |@500"),
        (17, 50, .firstAndLatest, "1@0 2@60 3@61 |@300", "1@0 2@60 3@110 |@300"),
        (0, 0, .firstAndLatest, "1@0 2 3 |", "1@0 2 3 |"),
    ])
    func `13 to 17, B3: throttle`(number: Int, period: Int, keeping: ThrottleKeeping, input: String, output: String)
        throws
    {
        try expect(
            try MarbleDiagram(input), { try $0.throttled(every: .ticks(period), keeping: keeping, clock: $1) },
            try MarbleDiagram(output))
    }

    // MARK: Sample

    @Test(arguments: [
        (22, 50, "1@10 2@20 3@30 4@60 5@100 6@110 #@130", "3@50 5@100 #@130"),
        (23, 100, "1@60 |@120", "1@100 |@120"),
        (25, 1_000, "A@0 B@1500 C@2000 D@2250 E@4250 |", "A@1000 C@2000 D@3000 E@4250 |"),
        (26, 50, "|@100", "|@100"),
    ])
    func `22 to 26: sample`(number: Int, period: Int, input: String, output: String) throws {
        try expect(
            try MarbleDiagram(input), { try $0.sampled(every: .ticks(period), clock: $1) }, try MarbleDiagram(output))
    }

    // MARK: Chunks

    @Test(arguments: [
        (28, 3, 2_000, "1@0 2 3 4 |@9000", "[1 2 3]@0 [4]@2000 |@9000"),
        (29, 1_000, 500, "1@600 2 |@700", "[1 2]@700 |@700"),
        (29, 1_000, 500, "|@700", "|@700"),
        (31, 1, 1_000, "0@0 1 2 3 4 5 6 7 8 9 a |", "[0]@0 [1] [2] [3] [4] [5] [6] [7] [8] [9] [a] |"),
        (8, 2, 100, "1@0 #@10", "[1]@10 #@10"),
        // The timer starts with the first element of a chunk, not with a rhythm of its own.
        (8, 5, 100, "1@90 2@110 3@300 |@900", "[1 2]@190 [3]@400 |@900"),
    ])
    func `28 to 31: chunks by number and time`(number: Int, count: Int, limit: Int, input: String, output: String)
        throws
    {
        try expect(
            try MarbleDiagram(input), { try $0.chunks(of: count, within: .ticks(limit), clock: $1) },
            try MarbleDiagram(output))
    }

    @Test func `34: chunks read at most a chunk and one ahead while the loop does not ask`() throws {
        let marbles = Marbles()
        let source = marbles.hot("1@0 2 3 4 5 6 7 8 9")
        let observer = marbles.observe(
            try source.chunks(of: 3, within: .ticks(10), clock: marbles.clock), busy: 300)
        marbles.play(until: 299)
        #expect(observer.diagram == "[1 2 3]@0")
        #expect(source.asked <= 3 + 3 + 1)
        observer.cancel()
        marbles.play(until: 400)
    }

    @Test func `38: chunks by weight, one that is too heavy stands alone`() throws {
        try expect(
            "5@0 5 b 1 |@5",
            { source, clock in
                try source.chunks(weighing: 10, within: .ticks(100), clock: clock) { $0 == "b" ? 11 : Int($0)! }
            }, "[5 5]@0 [b] [1]@5 |")
    }

    @Test func `B8: chunks at random gaps around the limit bring every element once and are never empty`() throws {
        var random = seededRandom()
        for _ in 0..<25 {
            var moments: [MarbleDiagram.Moment] = []
            var tick = 0
            for number in 0..<100 {
                tick += Int.random(in: 0...12, using: &random)
                moments.append(.init(.element("\(number)"), at: tick))
            }
            moments.append(.init(.end, at: tick + Int.random(in: 0...12, using: &random)))
            let marbles = Marbles(order: .random(seed: random.next()))
            let chunks = try marbles.hot(MarbleDiagram(moments)).chunks(of: 3, within: .ticks(10), clock: marbles.clock)
            let log = Log()
            let seen = marbles.run(
                chunks.onEach { chunk in
                    if chunk.isEmpty { log.add("empty") }
                    for element in chunk { log.add(element) }
                })
            #expect(log.entries == (0..<100).map { "\($0)" })
            #expect(seen.moments.last?.event == .end)
        }
    }

    // MARK: Timeout

    @Test func `40, 41: a timeout between elements, counted from the first next on`() throws {
        let marbles = Marbles()
        let source = marbles.hot("3@40 4@110 5@230")
        let seen = marbles.run(try source.timeout(.ticks(100), clock: marbles.clock))
        #expect(seen == "3@40 4@110 #TimeoutError@210")
        #expect(source.closed == [210])
        try expect("1@210", { try $0.timeout(.ticks(200), clock: $1) }, "#TimeoutError@200")
        try expect("1@210 |", { try $0.timeout(firstElement: .ticks(200), clock: $1) }, "#TimeoutError@200")
        try expect("1@110 2@900 |", { try $0.timeout(firstElement: .ticks(200), clock: $1) }, "1@110 2@900 |")
        // Upstream comes first where both are due.
        try expect("1@200 |", { try $0.timeout(.ticks(200), clock: $1) }, "1@200 |")
    }

    @Test func `43: the loop's own time does not count`() throws {
        try expect(
            "1@0 2@100 3@200", { try $0.timeout(.ticks(150), clock: $1) }, "1@0 2@300 3@600 #TimeoutError@1050",
            busy: 300)
    }

    private struct Own: Error {}

    @Test func `44: what the source throws when it is cancelled by the timeout comes out`() throws {
        let marbles = Marbles()
        let own = AsyncGenerator<Int> { yield in
            do { try await marbles.clock.sleep(for: .seconds(100)) } catch { throw Own() }
        }
        #expect(marbles.run(try own.timeout(.ticks(5), clock: marbles.clock)) == "#Own@5")
    }

    @Test func `46: a deadline counts from where it stands`() throws {
        try expect(
            "1@10 2@210 |",
            { source, clock in source.deadline(TimerInstant(nanoseconds: 200_000_000), clock: clock) },
            "1@10 #TimeoutError@200")
    }

    @Test func `47: an element that is ready arms no timer`() async throws {
        let clock = ManualClock()
        let stream = try (0..<100).asStream().timeout(.nanoseconds(1), clock: clock)
        #expect(try await stream.count() == 100)
        #expect(clock.pending == 0)
    }

    // MARK: Others

    @Test func `33: keepAlive puts in after silence, and a real element wins a tie`() throws {
        try expect(
            "a@5 b@15 c@45 |@60",
            { try $0.keepAlive(every: .ticks(10), inject: "-", clock: $1) }, "a@5 b@15 -@25 -@35 c@45 -@55 |@60")
    }

    @Test func `91, 92: conflated brings the newest, or the sum, of what came while the loop was busy`() throws {
        let thirty = MarbleDiagram(
            (1...30).map { .init(.element("\($0)"), at: ($0 - 1) * 100) } + [.init(.end, at: 3_000)])
        let marbles = Marbles()
        let seen = marbles.run(marbles.hot(thirty).conflated(), busy: 1_000)
        #expect(seen == "1@0 11@1000 21@2000 30@3000 |@4000")
        try expect(
            "0@0 1@1 10@2 100@3 |@4",
            { source, _ in source.map { Int($0)! }.conflated(by: +).map { "\($0)" } }, "0@0 111@50 |@100", busy: 50)
    }

    @Test
    func `41: delayed keeps order and distance, the end too, and a failure comes at once after what is under way`()
        throws
    {
        try expect("a@0 b@3 c |@7", { try $0.delayed(by: .ticks(10), clock: $1) }, "a@10 b@13 c |@17")
        try expect("a@0 b@3 #@7", { try $0.delayed(by: .ticks(10), clock: $1) }, "a@7 b #")
        let marbles = Marbles()
        let source = marbles.hot("1@0 2 3 4 5 |")
        #expect(
            marbles.run(try source.delayed(by: .ticks(10), limit: 2, clock: marbles.clock))
                == "1@10 2 3@20 4 5@30 |")
    }

    @Test func `26: spaced leaves a pause after each element`() throws {
        try expect("a@0 b c@25 |@40", { try $0.spaced(by: .ticks(10), clock: $1) }, "a@0 b@10 c@25 |@40")
    }

    @Test func `negative times, and periods of zero, are refused at the call`() {
        let source = Marbles().hot("|")
        let negative = Duration.nanoseconds(-1)
        #expect(throws: ArgumentError.self) { try source.debounced(for: negative) }
        #expect(throws: ArgumentError.self) { try source.throttled(every: negative) }
        #expect(throws: ArgumentError.self) { try source.sampled(every: .zero) }
        #expect(throws: ArgumentError.self) { try source.chunks(of: 0, within: .zero) }
        #expect(throws: ArgumentError.self) { try source.chunks(of: 1, within: negative) }
        #expect(throws: ArgumentError.self) { try source.chunks(weighing: 0, within: .zero) { _ in 1 } }
        #expect(throws: ArgumentError.self) { try source.timeout(.zero) }
        #expect(throws: ArgumentError.self) { try source.timeout(firstElement: .zero) }
        #expect(throws: ArgumentError.self) { try source.keepAlive(every: .zero, inject: "") }
        #expect(throws: ArgumentError.self) { try source.delayed(by: negative) }
        #expect(throws: ArgumentError.self) { try source.delayed(by: .zero, limit: 0) }
        #expect(throws: ArgumentError.self) { try source.spaced(by: negative) }
    }

    @Test func `a loop that is left takes its timer and its source with it`() throws {
        let marbles = Marbles()
        let source = marbles.hot("a@0 b@5 c@10 d@15")
        let seen = marbles.run(try source.debounced(for: .ticks(2), clock: marbles.clock), leaving: 2)
        #expect(seen == "a@2 b@7")
        #expect(marbles.clock.pending == 0)
        #expect(source.closed == [7])
    }
}
