import Concerto
import ConcertoStreams
import ConcertoTesting
import TestSupport
import Testing

private struct Broken: Error {}

@Suite struct BroadcastTests {
    @Test func `every subscriber gets every element, and the source is read once`() throws {
        let marbles = Marbles()
        let source = marbles.hot("a@1 b@2 c@3 |@4")
        let hub = try Broadcast(source)
        let (one, other) = (marbles.observe(hub.subscribe()), marbles.observe(hub.subscribe()))
        marbles.play()
        #expect(one.diagram == "a@1 b@2 c@3 |@4")
        #expect(other.diagram == one.diagram)
        #expect(source.opened == 1)
        #expect(hub.subscribers == 0)
    }

    @Test func `100, B5: with dropOldest a fast subscriber gets all, an idle one the newest and what it lost`()
        async throws
    {
        let channel = UnboundedChannel<Int>()
        let hub = try Broadcast(channel, slowConsumers: .dropOldest(2))
        let (fast, idle) = (hub.subscribe().makeAsyncIterator(), hub.subscribe().makeAsyncIterator())
        fast.subscribe()
        idle.subscribe()
        for number in 1...6 {
            _ = channel.tryWrite(number)
            #expect(try await fast.next() == number)
        }
        #expect(try await idle.next() == 5)
        #expect(idle.lagged == 4)
        #expect(try await idle.next() == 6)
        #expect(fast.lagged == 0)
        channel.tryComplete()
        #expect(try await idle.next() == nil)
        #expect(try await fast.next() == nil)
    }

    /// An element whose end comes back to the hub that held it.
    private final class Returning: Sendable {
        private let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        deinit { body() }
    }

    /// Under the hub's lock the element's `deinit` would wait for that lock for ever.
    @Test func `elements that leave the ring, or go with it, go after the lock`() async throws {
        let place = Shared<Broadcast<Returning>?>(nil)
        let released = Counter()
        let source = AsyncGenerator<Returning> { yield in
            while true {
                try await yield(
                    Returning {
                        _ = place.value?.subscribers
                        released.increment()
                    })
            }
        }
        let hub = try Broadcast(source, slowConsumers: .dropOldest(2))
        place.change { $0 = hub }
        var seen = 0
        for try await _ in hub.subscribe() {
            seen += 1
            if seen == 100 { break }
        }
        await until { hub.subscribers == 0 }
        #expect(released.value >= 97)
        place.change { $0 = nil }
    }

    @Test func `B9: with a replay of 1 consumers of 100 and of 400 both get all six`() throws {
        let marbles = Marbles()
        let hub = try Broadcast(marbles.hot("1@0 2@100 3@200 4@300 5@400 6@500 |@600"), replay: 1)
        let quick = marbles.observe(hub.subscribe(), busy: 100)
        let slow = marbles.observe(hub.subscribe(), busy: 400)
        marbles.play()
        for observer in [quick, slow] {
            #expect(
                observer.diagram.moments.map(\.event) == ["1", "2", "3", "4", "5", "6"].map { .element($0) } + [.end])
        }
    }

    @Test func `the slowest sets the pace: the source is not read further than 16 before it`() throws {
        let marbles = Marbles()
        let source = marbles.hot(MarbleDiagram((0..<100).map { .init(.element("\($0)"), at: 0) }))
        let hub = try Broadcast(source)
        let observer = marbles.observe(hub.subscribe(), busy: 1_000)
        let fast = marbles.observe(hub.subscribe())
        marbles.play(until: 900)
        #expect(source.asked <= 18)
        #expect(fast.diagram.moments.count <= 17)
        observer.cancel()
        marbles.play()
        #expect(fast.diagram.moments.count == 100)
        fast.cancel()
        marbles.play()
        #expect(source.closed.count == 1)
    }

    @Test func `a subscriber that falls behind is disconnected, alone`() throws {
        let marbles = Marbles()
        let hub = try Broadcast(marbles.hot("1@1 2@2 3@3 4@4 5@5 |@9"), slowConsumers: .disconnect(after: 2))
        let slow = marbles.observe(hub.subscribe(), busy: 100)
        let quick = marbles.observe(hub.subscribe())
        marbles.play()
        #expect(slow.diagram == "1@1 #SlowConsumerError@101")
        #expect(quick.diagram == "1@1 2@2 3@3 4@4 5@5 |@9")
    }

    @Test func `94, 95: a late subscriber gets what is replayed, by number and by age, and then goes live`() throws {
        let marbles = Marbles()
        let source = marbles.hot("8@360 5@380 6@420 7@440 9@500 |@600")
        let byNumber = try Broadcast(source, replay: 3)
        let byAge = try Broadcast(source, replay: 9, replayAge: .ticks(30), clock: marbles.clock)
        let first = [marbles.observe(byNumber.subscribe()), marbles.observe(byAge.subscribe())]
        let late = [marbles.observe(byNumber.subscribe(), from: 450), marbles.observe(byAge.subscribe(), from: 450)]
        marbles.play()
        #expect(first[0].diagram.moments.count == 6)
        #expect(late[0].diagram == "5@450 6 7 9@500 |@600")
        #expect(late[1].diagram == "6@450 7 9@500 |@600")
        // Its end is remembered.
        #expect(marbles.run(byNumber.subscribe()) == "6@600 7 9 |")
    }

    @Test func `98: the source stays open for a while after the last has left, and is opened anew after that`() throws {
        let marbles = Marbles()
        let source = marbles.hot("a@2 b@11 c@14 d@20 e@40")
        let hub = try Broadcast(source, linger: .ticks(10), clock: marbles.clock)
        let one = marbles.observe(hub.subscribe(), leaving: 1)
        let two = marbles.observe(hub.subscribe(), from: 11, leaving: 1)
        let three = marbles.observe(hub.subscribe(), from: 30, leaving: 1)
        marbles.play()
        #expect(one.diagram == "a@2")
        // b came while nobody listened; the source had stayed open.
        #expect(two.diagram == "c@14")
        #expect(three.diagram == "e@40")
        #expect(source.opened == 2)
        #expect(source.closed == [24, 50])
        #expect(marbles.clock.pending == 0)
    }

    @Test func `a failure comes to everybody, also to those who come later`() throws {
        let marbles = Marbles()
        let hub = try Broadcast(marbles.hot("a@1 #@2"))
        let one = marbles.observe(hub.subscribe())
        let late = marbles.observe(hub.subscribe(), from: 5)
        marbles.play()
        #expect(one.diagram == "a@1 #@2")
        #expect(late.diagram == "#@5")
    }

    @Test func `101: a current value comes at once, equal neighbours once, and a slow reader gets the newest`() throws {
        let marbles = Marbles()
        let hub = try marbles.hot("a@1 a@2 b@5 c@6 d@7 |@90").currentValue()
        let first = marbles.observe(hub.subscribe())
        let late = marbles.observe(hub.subscribe(), from: 3, busy: 20)
        marbles.play()
        #expect(first.diagram == "a@1 b@5 c@6 d@7 |@90")
        #expect(late.diagram == "a@3 d@23 |@90")
    }

    @Test func `37: a fixed fan-out gives every stream every element`() async throws {
        let streams = try (1...100).asStream().broadcast(to: 3)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for stream in streams { group.addTask { try await stream.toArray(limit: 1_000).reduce(0, +) } }
            for try await sum in group { #expect(sum == 5_050) }
        }
        #expect(throws: ArgumentError.self) { try (1...3).asStream().broadcast(to: 0) }
    }

    @Test func `37: a fan-out begins when all have begun, and one that leaves early does not hold up the others`()
        throws
    {
        let marbles = Marbles()
        let source = marbles.cold("a@1 b@2 c@3 |@4")
        let streams = try source.broadcast(to: 3)
        let first = marbles.observe(streams[0])
        let quitter = marbles.observe(streams[1])
        marbles.play(until: 10)
        #expect(source.opened == 0)
        quitter.cancel()
        marbles.play(until: 20)
        let last = marbles.observe(streams[2], from: 30)
        marbles.play()
        #expect(first.diagram == "a@31 b@32 c@33 |@34")
        #expect(last.diagram == first.diagram)
        #expect(source.opened == 1)
    }

    @Test func `103: subscribers that join and leave at random each see a run without a gap`() async throws {
        var random = seededRandom()
        let source = AsyncGenerator<Int> { yield in
            for number in 0..<20_000 {
                if number.isMultiple(of: 50) { await Task.yield() }
                try await yield(number)
            }
        }
        let hub = try Broadcast(source, replay: 2)
        let plans = (0..<200).map { _ in
            (Int.random(in: 0...60, using: &random), Int.random(in: 1...900, using: &random))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let all = try await hub.subscribe().count()
                #expect(all > 0)
            }
            for (pause, length) in plans {
                group.addTask {
                    for _ in 0..<pause { await Task.yield() }
                    var next: Int?
                    var count = 0
                    for try await number in hub.subscribe() {
                        if let next, number != next { Issue.record("\(number) came instead of \(next)") }
                        next = number + 1
                        count += 1
                        if count == length { break }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(hub.subscribers == 0)
    }

    @Test func `numbers and times that cannot be are refused at the call`() {
        let source = [1].asStream()
        #expect(throws: ArgumentError.self) { try source.shared(replay: -1) }
        #expect(throws: ArgumentError.self) { try source.shared(slowConsumers: .dropOldest(0)) }
        #expect(throws: ArgumentError.self) { try source.shared(slowConsumers: .disconnect(after: 0)) }
        #expect(throws: ArgumentError.self) { try source.shared(linger: .nanoseconds(-1)) }
        #expect(throws: ArgumentError.self) { try Broadcast(source, replayAge: .nanoseconds(-1)) }
    }
}
