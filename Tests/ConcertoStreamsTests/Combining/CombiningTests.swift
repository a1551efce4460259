import Concerto
import ConcertoStreams
import ConcertoTesting
import TestSupport
import Testing

private struct Broken: Error {}

@Suite struct CombiningTests {
    // MARK: Merge

    @Test func `59: merged brings what comes as it comes`() {
        let marbles = Marbles()
        let (first, second) = (marbles.hot("a@0 c@2 e@4 g@6 |@8"), marbles.hot("b@1 d@3 f@5 h@7 |@8"))
        #expect(marbles.run(merged(first, second)) == "a@0 b@1 c@2 d@3 e@4 f@5 g@6 h@7 |@8")
    }

    @Test func `61, B6: merged and raced of none end at once`() {
        let marbles = Marbles()
        #expect(marbles.run(merged([MarbleSource]())) == "|@0")
        #expect(marbles.run(raced([MarbleSource]())) == "|@0")
    }

    @Test func `62: two sources on threads of their own come whole`() async throws {
        let stream = merged(
            (0..<10_000).asStream().map { _ in 0 }, (0..<10_000).asStream().map { _ in 1 })
        var counts = [0, 0]
        for await side in stream { counts[side] += 1 }
        #expect(counts == [10_000, 10_000])
    }

    @Test func `62: on one thread two ready sources take turns`() throws {
        let marbles = Marbles()
        let stream = merged((0..<1_000).asStream().map { _ in "a" }, (0..<1_000).asStream().map { _ in "b" })
        let seen = marbles.run(try stream.taking(1_000))
        let first = seen.moments.filter { $0.event == .element("a") }.count
        #expect(abs(first - 500) <= 64)
    }

    @Test func `a source that fails cancels the others, and its failure comes when they have ended`() {
        let marbles = Marbles()
        let log = Log()
        let slow = AsyncGenerator<String> { yield in
            try await yield("s")
            do { try await marbles.clock.sleep(for: .seconds(9)) } catch {
                await withTaskCancellationShield { try? await marbles.clock.sleep(for: .ticks(7)) }
                log.add("cleaned up at \(marbles.tick)")
            }
        }
        let seen = marbles.run(merged(slow, marbles.hot("a@2 #@5")))
        #expect(seen == "s@0 a@2 #@12")
        #expect(log.entries == ["cleaned up at 12"])
    }

    // MARK: Zip, concat, race

    @Test func `65: zip asks in turn, and the second not at all when the first has ended`() async throws {
        let (short, long) = (Counter(), Counter())
        let one = [1, 2].asStream().onEach { _ in short.increment() }
        let other = (1...5).asStream().onEach { _ in long.increment() }
        #expect(await zipped(one, other).count() == 2)
        #expect((short.value, long.value) == (2, 2))
        #expect(await zipped(other, one).count() == 2)
        // The first was asked a third time, and that element is lost.
        #expect((short.value, long.value) == (4, 5))
    }

    @Test func `67: a strict zip of unequal lengths fails`() async throws {
        var iterator = zippedStrictly([1, 2].asStream(), [1].asStream()).makeAsyncIterator()
        #expect(try await iterator.next().map { "\($0)" } == "(1, 1)")
        await #expect(throws: UnequalLengthsError(pairs: 1, isFirstLonger: true)) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
        #expect(try await zippedStrictly([1].asStream(), [2].asStream()).count() == 1)
    }

    @Test func `17: a zip with prefetch reads both sides at the same time`() throws {
        let marbles = Marbles()
        let stream = try zipped(marbles.cold("a@10 b@20 |@21"), marbles.cold("1@10 2@20 |@21"), prefetch: 2)
        #expect(marbles.run(stream) == "a1@10 b2@20 |@21")
        #expect(throws: ArgumentError.self) { try zipped([1].asStream(), [1].asStream(), prefetch: 0) }
    }

    @Test func `68: combinedLatest pairs the newest, and ends at once if one side never had any`() {
        let marbles = Marbles()
        let stream = combinedLatest(marbles.hot("a@0 b@2 |@9"), marbles.hot("1@1 2@3 |@8"))
        #expect(marbles.run(stream) == "a1@1 b1@2 b2@3 |@9")
        let empty = Marbles()
        let other = empty.hot("1@1 2@90 |@99")
        #expect(empty.run(combinedLatest(empty.hot("|@5"), other)) == "|@5")
        #expect(other.closed == [5])
    }

    @Test func `42: withLatest pairs with the newest of the other`() {
        let marbles = Marbles()
        let stream = marbles.hot("a@0 b@2 c@4 |@9").withLatest(from: marbles.hot("1@1 2@3 |@5"))
        #expect(marbles.run(stream) == "b1@2 c2@4 |@9")
    }

    @Test func `70: the first of a race wins, an error too, and the losers are cancelled`() {
        let marbles = Marbles()
        let loser = marbles.hot("x@20 y@30 |@40")
        #expect(marbles.run(raced(loser, marbles.hot("a@10 b@30 |@50"))) == "a@10 b@30 |@50")
        #expect(loser.closed == [10])
        let failing = Marbles()
        #expect(failing.run(raced(failing.hot("x@20 |@40"), failing.hot("#@5"))) == "#@5")
        let empty = Marbles()
        #expect(empty.run(raced(empty.hot("x@20 |@40"), empty.hot("|@5"))) == "x@20 |@40")
    }

    @Test func `71: the second is opened after the end of the first, and not if that fails`() {
        let marbles = Marbles()
        let second = marbles.cold("x@1 |@2")
        #expect(marbles.run(concatenated(marbles.cold("a@5 |@10"), second)) == "a@5 x@11 |@12")
        let failing = Marbles()
        let never = failing.cold("x@1 |@2")
        #expect(failing.run(failing.cold("a@5 #@10").appending(contentsOf: never)) == "a@5 #@10")
        #expect(never.opened == 0)
        let empty = Marbles()
        #expect(empty.run(empty.cold("|@3").switchIfEmpty(to: empty.cold("x@1 |@2"))) == "x@4 |@5")
        #expect(empty.run(empty.cold("a@3 |@4").switchIfEmpty(to: empty.cold("x@1 |@2"))).moments.count == 2)
    }

    // MARK: Flat map

    @Test func `73: switchMap ends with its last inner stream, and fails with it`() {
        let marbles = Marbles()
        let outer = marbles.hot("1@0 2@10 |@12")
        let seen = marbles.run(
            outer.switchMap { number in marbles.cold(number == "1" ? "a@5 b@15 |@20" : "x@5 y@15 |@20") })
        #expect(seen == "a@5 x@15 y@25 |@30")
        let failing = Marbles()
        #expect(
            failing.run(failing.hot("1@0 |@1").switchMap { _ in failing.cold("a@5 #@6") }) == "a@5 #@6")
        let hanging = Marbles()
        #expect(
            hanging.run(
                hanging.hot("1@0 2 3 |").switchMap { hanging.cold($0 == "3" ? "z@1 |@2" : "a@1 b@2 c@9 d@99") })
                == "z@1 |@2")
    }

    @Test func `B4: ten thousand switches, and the last inner stream is complete`() async throws {
        let stream = (1...10_000).asStream().switchMap { number in (0..<3).asStream().map { number * 10 + $0 } }
        var last: [Int] = []
        for await element in stream where element >= 100_000 { last.append(element) }
        #expect(last == [100_000, 100_001, 100_002])
    }

    @Test func `74: collectLatest cancels a body for the next element and awaits it`() throws {
        let marbles = Marbles()
        let log = Log()
        let source = marbles.hot("1@0 2@5 3@10 |@11")
        let task = marbles.executor.task {
            try await source.collectLatest { element in
                log.add("\(element) begins @\(marbles.tick)")
                do { try await marbles.clock.sleep(for: .ticks(10)) } catch {
                    log.add("\(element) cancelled @\(marbles.tick)")
                    throw error
                }
                log.add("\(element) complete @\(marbles.tick)")
            }
            log.add("through @\(marbles.tick)")
        }
        marbles.play()
        #expect(
            log.entries == [
                "1 begins @0", "1 cancelled @5", "2 begins @5", "2 cancelled @10", "3 begins @10", "3 complete @20",
                "through @20",
            ])
        task.cancel()
    }

    @Test func `74: a body of collectLatest that fails ends it`() async {
        await #expect(throws: Broken.self) {
            try await AsyncGenerator<Int> { yield in
                try await yield(1)
                try await Task.sleep(for: .seconds(1_000))
            }.collectLatest { _ in throw Broken() }
        }
    }

    @Test(arguments: [(9, "0@0 2@1 4@2 1@5 3@6 5@7 |"), (1, "0@0 1@5 2@5 3@10 4@10 5@15 |")])
    func `76: flatMap opens as many as its limit says`(limit: Int, output: String) throws {
        let marbles = Marbles()
        let stream = try marbles.hot("0@0 2@1 4@2 |@3").flatMap(limit: limit) { text in
            let number = Int(text)!
            return marbles.cold(
                MarbleDiagram([
                    .init(.element("\(number)"), at: 0), .init(.element("\(number + 1)"), at: 5), .init(.end, at: 5),
                ]))
        }
        #expect(marbles.run(stream) == (try MarbleDiagram(output)))
        #expect(throws: ArgumentError.self) { try marbles.hot("|").flatMap(limit: 0) { _ in marbles.hot("|") } }
    }

    @Test func `77: an inner stream that fails cancels its siblings and the source`() throws {
        let marbles = Marbles()
        let outer = marbles.hot("1@0 2@1 3@90 |@99")
        let sibling = marbles.cold("a@1 b@50 |@51")
        let stream = try outer.flatMap(limit: 4) { $0 == "1" ? sibling : marbles.cold("x@2 #@4") }
        #expect(marbles.run(stream) == "a@1 x@3 #@5")
        #expect(sibling.closed == [5])
        #expect(outer.closed == [5])
    }

    @Test func `16: concatMap opens one after the other`() {
        let marbles = Marbles()
        let seen = marbles.run(marbles.hot("1@0 2@1 |@2").concatMap { _ in marbles.cold("a@3 |@5") })
        #expect(seen == "a@3 a@8 |@10")
    }

    // MARK: Until

    @Test func `24: taking until a signal or an instant ends normally and cancels the source`() {
        let marbles = Marbles()
        let source = marbles.hot("a@1 b@5 c@9 |@12")
        #expect(marbles.run(source.taking(until: marbles.hot("x@5 y@6"))) == "a@1 b@5 |@5")
        #expect(source.closed == [5])
        let timed = Marbles()
        #expect(
            timed.run(
                timed.hot("a@1 b@5 c@9 |@12").taking(
                    until: TimerInstant(nanoseconds: 6_000_000), clock: timed.clock)) == "a@1 b@5 |@6")
        let silent = Marbles()
        #expect(silent.run(silent.hot("a@1 |@9").taking(until: silent.hot("|@2"))) == "a@1 |@9")
        let failing = Marbles()
        #expect(failing.run(failing.hot("a@1 |@9").taking(until: failing.hot("#@2"))) == "a@1 #@2")
    }

    // MARK: Buffers

    @Test func `88: buffered reads two ahead and one in hand`() {
        let marbles = Marbles()
        let source = marbles.hot("1@0 2 3 4 5 6")
        let observer = marbles.observe(try! source.buffered(2), busy: 1_000)
        marbles.play(until: 500)
        // One is with the loop, two wait, one is in hand.
        #expect(observer.diagram == "1@0")
        #expect(source.asked == 4)
        observer.cancel()
        marbles.play(until: 600)
        #expect(observer.diagram.moments.count == 1)
    }

    @Test(arguments: [
        (BufferFullMode.dropOldest, "0@0 3@50 4@100 |@150"), (.dropNewest, "0@0 1@50 4@100 |@150"),
        (.dropWrite, "0@0 1@50 2@100 |@150"), (.fail, "0@0 1@50 2@100 #BufferOverflowError@150"),
        (.wait, "0@0 1@50 2@100 3@150 4@200 |@250"),
    ])
    func `89: a full buffer does what it was told`(mode: BufferFullMode, output: String) throws {
        try expect(
            "0@0 1@1 2@2 3@3 4@4 |@5", { source, _ in try source.buffered(2, whenFull: mode) },
            try MarbleDiagram(output), busy: 50)
    }

    @Test func `35: batched brings what is ready and waits for nothing`() throws {
        try expect(
            "1@0 2 3 4 5 6 7@9 |", { source, _ in try source.batched(upTo: 4) }, "[1]@0 [2 3 4 5]@5 [6 7]@10 |@15",
            busy: 5)
        let marbles = Marbles()
        let ready = try (1...6).asStream().map { "\($0)" }.batched(upTo: 4)
        #expect(marbles.run(ready) == "[1 2 3 4]@0 [5 6] |")
        #expect(throws: ArgumentError.self) { try (1...6).asStream().batched(upTo: 0) }
        #expect(throws: ArgumentError.self) { try (1...6).asStream().buffered(0) }
    }

    @Test func `5: what is in a buffer comes before a failure`() throws {
        try expect("1@0 2 3 #@1", { source, _ in try source.buffered(8) }, "1@0 2@9 3@18 #@27", busy: 9)
    }

    // MARK: Cancellation

    @Test func `64, B6: every combinator throws in a cancelled task, and when it is cancelled while all sides wait`()
        async
    {
        func check(
            _ name: String,
            _ make: @escaping @Sendable (MarbleSource, MarbleSource) throws -> any AsyncSequence & Sendable
        ) {
            let marbles = Marbles()
            let (one, other) = (marbles.hot("a@1"), marbles.hot("b@1"))
            let early = marbles.executor.task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await iterate(make(one, other))
            }
            let late = marbles.executor.task { try await iterate(make(one, other)) }
            marbles.play(until: 20)
            late.cancel()
            marbles.play()
            let outcomes = Shared<[String]>([])
            for task in [early, late] {
                marbles.executor.task {
                    do { try await task.value } catch { outcomes.change { $0.append("\(type(of: error))") } }
                }
            }
            marbles.play()
            #expect(outcomes.value == ["CancellationError", "CancellationError"], "\(name)")
            #expect(one.opened == one.closed.count, "\(name)")
            #expect(other.opened == other.closed.count, "\(name)")
        }
        check("merged") { merged($0, $1) }
        check("combinedLatest") { combinedLatest($0, $1) }
        check("zipped") { zipped($0, $1) }
        check("zipped, prefetch") { try zipped($0, $1, prefetch: 2) }
        check("raced") { raced($0, $1) }
        check("concatenated") { concatenated($0, $1) }
        check("withLatest") { $0.withLatest(from: $1) }
        check("taking") { $0.taking(until: $1.skipping(after: 1)) }
        check("flatMap") { source, other in try source.flatMap(limit: 2) { _ in other } }
        check("switchMap") { source, other in source.switchMap { _ in other } }
        check("buffered") { source, _ in try source.buffered(2) }
        check("batched") { source, _ in try source.batched(upTo: 2) }
        check("debounced") { source, _ in try source.debounced(for: .seconds(1), clock: ManualClock()) }
        check("conflated") { source, _ in source.conflated() }
        check("timeout") { source, _ in try source.timeout(.seconds(1), clock: ManualClock()) }
    }

    // MARK: Failures

    @Test func `55: catch goes on with another stream, but not for what the loop throws or for a cancellation`()
        async throws
    {
        let calls = Counter()
        let failing = AsyncGenerator<Int> { yield in
            try await yield(1)
            throw Broken()
        }
        let caught = failing.catch { _ in
            calls.increment()
            return [41].asStream()
        }
        #expect(try await caught.toArray(limit: 9) == [1, 41])
        await #expect(throws: Broken.self) { for try await _ in caught { throw Broken() } }
        #expect(calls.value == 1)
        let cancelling = AsyncGenerator<Int> { _ in throw CancellationError() }.catch { _ in
            calls.increment()
            return [1].asStream()
        }
        await #expect(throws: CancellationError.self) { try await cancelling.count() }
        #expect(calls.value == 1)
    }

    @Test func `56: a source that throws in its clean-up does not replace the loop's own error`() async {
        struct Late: Error {}
        let stream = AsyncGenerator<Int> { yield in
            do { try await yield(1) } catch { throw Late() }
        }
        await #expect(throws: Broken.self) { for try await _ in stream { throw Broken() } }
        await #expect(throws: Broken.self) { try await stream.forEach { _ in throw Broken() } }
    }

    @Test func `13: mappingError gives failures another type`() async {
        let stream = AsyncGenerator<Int> { _ in throw Broken() }.mappingError { _ in TimeoutError(limit: .zero) }
        do throws(TimeoutError) { for try await _ in stream {} } catch { return }
        Issue.record("nothing was thrown")
    }

    @Test func `14: onCompletion tells once how it ended`() async throws {
        let log = Log()
        let note: @Sendable (StreamCompletion) -> Void = { log.add("\($0)".prefix { $0 != "(" }.description) }
        _ = await [1].asStream().onCompletion(note).count()
        for await _ in [1, 2].asStream().onCompletion(note) { break }
        log.add("after the loop")
        try? await AsyncGenerator<Int> { _ in throw Broken() }.onCompletion(note).forEach { _ in }
        let task = Task {
            try await AsyncGenerator<Int> { _ in try await Task.sleep(for: .seconds(99)) }.onCompletion(note).forEach {
                _ in
            }
        }
        task.cancel()
        _ = await task.result
        _ = [1].asStream().onCompletion(note).makeAsyncIterator()
        #expect(log.entries == ["finished", "left", "after the loop", "failed", "cancelled"])
    }
}

private func iterate(_ stream: any AsyncSequence & Sendable) async throws {
    func run(_ stream: some AsyncSequence & Sendable) async throws { for try await _ in stream {} }
    try await run(stream)
}

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Without its first elements; a failure of its own type.
    fileprivate func skipping(after count: Int) -> SkippingSequence<Self> { try! skipping(count) }
}
