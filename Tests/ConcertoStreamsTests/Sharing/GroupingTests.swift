import Concerto
import ConcertoStreams
import ConcertoTesting
import Testing

private struct Broken: Error {}

@Suite struct GroupingTests {
    @Test func `35: partitioned gives each side its own, and reads the source once`() async throws {
        let marbles = Marbles()
        let source = marbles.cold("a@1 1@2 b@3 2@4 |@5")
        let (letters, digits) = source.partitioned { $0 >= "a" }
        let (one, other) = (marbles.observe(letters), marbles.observe(digits))
        marbles.play()
        #expect(one.diagram == "a@1 b@3 |@5")
        #expect(other.diagram == "1@2 2@4 |@5")
        #expect(source.opened == 1)
    }

    @Test func `35: the slower side sets the pace, until it is left`() throws {
        let marbles = Marbles()
        let source = marbles.cold(MarbleDiagram((0..<100).map { .init(.element("\($0 % 2)"), at: 0) }))
        let (ones, zeros) = source.partitioned { $0 == "1" }
        let slow = marbles.observe(ones, busy: 1_000)
        let fast = marbles.observe(zeros)
        marbles.play(until: 500)
        #expect(source.asked <= 19)
        slow.cancel()
        marbles.play()
        #expect(fast.diagram.moments.count == 50)
    }

    @Test func `35: a failure comes to both sides`() {
        let marbles = Marbles()
        let (one, other) = marbles.cold("a@1 #@2").partitioned { _ in true }
        let (first, second) = (marbles.observe(one), marbles.observe(other))
        marbles.play()
        #expect(first.diagram == "a@1 #@2")
        #expect(second.diagram == "#@2")
    }

    @Test func `35: what is diverted waits for room in its channel`() async throws {
        let channel = BoundedChannel<Int>(capacity: 2)
        let stream = (1...6).asStream().diverted(to: channel) { $0.isMultiple(of: 2) }
        var iterator = stream.makeAsyncIterator()
        for number in [1, 3, 5] { #expect(try await iterator.next() == number) }
        #expect(channel.count == 2)
        async let end = iterator.next()
        #expect(try await channel.read() == 2)
        #expect(try await end == nil)
        #expect(try await [channel.read(), channel.read()] == [4, 6])
    }

    @Test func `29: a stream for each key, each in the order of the source`() async throws {
        let groups = try (0..<100).asStream().grouped(by: { $0 % 3 }, limit: 8, buffer: 100, whenFull: .fail)
        var seen: [Int: [Int]] = [:]
        // asynclint:ignore:next group-never-drained — there are three groups, and their results are what is wanted
        try await withThrowingTaskGroup(of: (Int, [Int]).self) { tasks in
            for try await group in groups {
                tasks.addTask { (group.key, try await group.toArray(limit: 100)) }
            }
            for try await (key, elements) in tasks { seen[key] = elements }
        }
        #expect(seen.count == 3)
        for (key, elements) in seen { #expect(elements == (0..<100).filter { $0 % 3 == key }) }
    }

    @Test func `29: a group that nobody reads drops or fails, and does not hold up the others`() async throws {
        func groups(_ mode: BufferFullMode) async throws -> [StreamGroup<Bool, Int>] {
            try await (0..<10).asStream().grouped(by: { $0 > 4 }, limit: 2, buffer: 2, whenFull: mode)
                .toArray(limit: 9)
        }
        #expect(try await groups(.dropOldest)[0].toArray(limit: 9) == [3, 4])
        #expect(try await groups(.dropWrite)[1].toArray(limit: 9) == [5, 6])
        let failed = try await groups(.fail)[0]
        var iterator = failed.makeAsyncIterator()
        #expect(try await [iterator.next(), iterator.next()] == [0, 1])
        await #expect(throws: BufferOverflowError(capacity: 2)) { try await iterator.next() }
    }

    @Test func `29: with .wait a full group holds up the source until it is read`() throws {
        let marbles = Marbles()
        let source = marbles.cold("a@1 b@1 a@2 a@3 b@4 |@5")
        let groups = try source.grouped(by: { $0 }, limit: 2, buffer: 1, whenFull: .wait)
        let found = Guarded<[StreamGroup<String, String>]>([])
        let outer = marbles.observe(groups.onEach { group in found.withLock { $0.append(group) } }.map { $0.key })
        marbles.play(until: 10)
        #expect(outer.diagram == "a@1 b@1")
        let reader = marbles.observe(found.withLock { $0[0] })
        marbles.play(until: 20)
        #expect(reader.diagram.moments.count == 3)
        let other = marbles.observe(found.withLock { $0[1] })
        marbles.play(until: 30)
        #expect(other.diagram.moments.map(\.event) == [.element("b"), .element("b"), .end])
        #expect(outer.isThrough)
    }

    @Test func `29: beyond the limit the group that was used least recently ends, and its key gets a new one`()
        async throws
    {
        let groups = try await [1, 2, 1, 3, 2].asStream().grouped(by: { $0 }, limit: 2, buffer: 9, whenFull: .fail)
            .toArray(limit: 9)
        #expect(groups.map(\.key) == [1, 2, 3, 2])
        #expect(try await groups[0].toArray(limit: 9) == [1, 1])
        #expect(try await groups[1].toArray(limit: 9) == [2])
        #expect(try await groups[3].toArray(limit: 9) == [2])
    }

    @Test func `29: leaving the loop over the groups ends them, and so does a failure of the source`() async throws {
        let source = AsyncGenerator<Int> { yield in
            try await yield(1)
            try await yield(2)
            throw Broken()
        }
        var first: StreamGroup<Int, Int>?
        for try await group in try source.grouped(by: { $0 }, limit: 9, buffer: 9, whenFull: .fail) {
            first = group
            break
        }
        var left = try #require(first).makeAsyncIterator()
        #expect(try await left.next() == 1)
        await #expect(throws: CancellationError.self) { try await left.next() }

        let groups = try source.grouped(by: { $0 }, limit: 9, buffer: 9, whenFull: .fail).makeAsyncIterator()
        var one = try #require(try await groups.next()).makeAsyncIterator()
        _ = try await groups.next()
        await #expect(throws: Broken.self) { try await groups.next() }
        #expect(try await one.next() == 1)
        await #expect(throws: Broken.self) { try await one.next() }
    }

    @Test func `29: limits below 1 are refused at the call`() {
        let source = [1].asStream()
        #expect(throws: ArgumentError.self) { try source.grouped(by: { $0 }, limit: 0, buffer: 1, whenFull: .fail) }
        #expect(throws: ArgumentError.self) { try source.grouped(by: { $0 }, limit: 1, buffer: 0, whenFull: .fail) }
    }

    @Test func `39: failures and ends as values, there and back`() async throws {
        let source = AsyncGenerator<Int> { yield in
            try await yield(1)
            throw Broken()
        }
        var texts: [String] = []
        for await event in source.materialized() {
            switch event {
            case .element(let number): texts.append("\(number)")
            case .failure(let error): texts.append("\(type(of: error as Any))")
            case .end: texts.append("|")
            }
        }
        #expect(texts == ["1", "Broken"])
        var back = source.materialized().dematerialized().makeAsyncIterator()
        #expect(try await back.next() == 1)
        await #expect(throws: Broken.self) { try await back.next() }
        #expect(try await back.next() == nil)
        #expect(try await [1, 2].asStream().materialized().toArray(limit: 9) == [.element(1), .element(2), .end])
    }
}
