import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct ChannelStressTests {
    @Test(arguments: [0, 1, 3])
    func `Hand-off against cancel, 10,000 random interleavings: no item is lost or doubled`(capacity: Int) throws {
        var random = SeededRandom(seed: UInt64(capacity) + 40)
        for round in 0..<10_000 {
            let interleaving = random.next()
            let executor = ManualExecutor(order: .random(seed: interleaving))
            let channel = BoundedChannel<Int>(capacity: capacity)
            let written = Recorder<Int>()
            let read = Recorder<Int>()
            let tasks = (0..<6).map { number in
                executor.task {
                    if number % 2 == 0 {
                        try await channel.write(number)
                        written.record(number)
                    } else {
                        read.record(try await channel.read())
                    }
                }
            }
            executor.task { tasks[Int(interleaving % 6)].cancel() }
            executor.task { tasks[Int(interleaving / 6 % 6)].cancel() }
            executor.runUntilIdle()
            // Writers that still wait and items that are still there come out now.
            while let item = channel.tryRead() {
                read.record(item)
                executor.runUntilIdle()
            }
            #expect(channel.tryComplete())
            executor.runUntilIdle()
            let note: Comment = "capacity \(capacity), round \(round), interleaving \(interleaving)"
            try #require(read.entries.sorted() == written.entries.sorted(), note)
            try #require(channel.statistics.waiters == 0, note)
        }
    }

    @Test(arguments: [0, 1, 3])
    func `Hand-off against cancel on real threads, 10,000 rounds: what was written is what was read`(capacity: Int)
        async throws
    {
        let channel = BoundedChannel<Int>(capacity: capacity)
        let written = Counter()
        let read = Counter()
        await withTaskGroup(of: Void.self) { group in
            for reader in 0..<4 {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(reader))
                    while true {
                        let attempt = Task { try await channel.read() }
                        if random.next() % 4 == 0 { attempt.cancel() }
                        do { read.add(try await attempt.value) } catch is CancellationError {} catch { return }
                    }
                }
            }
            await withTaskGroup(of: Void.self) { writers in
                for writer in 0..<4 {
                    writers.addTask {
                        var random = SeededRandom(seed: UInt64(writer) + 4)
                        for number in 1...2_500 {
                            let attempt = Task { try await channel.write(number) }
                            if random.next() % 4 == 0 { attempt.cancel() }
                            if (try? await attempt.value) != nil { written.add(number) }
                        }
                    }
                }
            }
            channel.tryComplete()
        }
        #expect(written.value == read.value && written.value > 0, "seeds 0 to 7")
        #expect(channel.statistics.waiters == 0 && channel.count == 0)
    }

    @Test(arguments: [0, 1, 64])
    func `4 writers and 4 readers on real threads: every item arrives once, in the order of its writer`(capacity: Int)
        async throws
    {
        let channel = BoundedChannel<Int>(capacity: capacity)
        let received = try await withThrowingTaskGroup(of: [Int].self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<2_500 { try await channel.write(writer * 10_000 + number) }
                    return []
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    var items: [Int] = []
                    for try await item in channel { items.append(item) }
                    for writer in 0..<4 {
                        let own = items.filter { $0 / 10_000 == writer }
                        #expect(own == own.sorted())
                    }
                    return items
                }
            }
            var all: [Int] = []
            for _ in 0..<4 { all += try await group.next()! }
            while all.count < 10_000, let more = try await takeOne(&group, channel) { all += more }
            return all
        }
        #expect(received.count == 10_000 && Set(received).count == 10_000)
    }

    /// The writers have ended: closes the channel, so that the readers end.
    private func takeOne(
        _ group: inout ThrowingTaskGroup<[Int], any Error>, _ channel: BoundedChannel<Int>
    ) async throws -> [Int]? {
        channel.tryComplete()
        return try await group.next()
    }

    @Test func `Close against wait, 10,000 rounds: nobody hangs`() async throws {
        for _ in 0..<10_000 {
            let channel = BoundedChannel<Int>(capacity: 1)
            async let reader = { try? await channel.read() }()
            async let writer: Void? = { try? await channel.write(1) }()
            channel.tryComplete()
            _ = await (reader, writer)
        }
    }
}
