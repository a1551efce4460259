import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct ChannelTests {
    let executor = ManualExecutor()

    private func drain<Element>(_ channel: some ChannelProtocol<Element>) -> [Element] {
        var items: [Element] = []
        while let item = channel.tryRead() { items.append(item) }
        return items
    }

    @Test(.row("1.8.1"))
    func `A full channel refuses, or drops the oldest, the newest or the written item`() async throws {
        let expected: [(ChannelFullMode, [Int], [Int])] = [
            (.wait, [1, 2, 3], []), (.dropOldest, [2, 3, 4], [1]), (.dropNewest, [1, 2, 4], [3]),
            (.dropWrite, [1, 2, 3], [4]),
        ]
        for (mode, content, dropped) in expected {
            let log = Recorder<Int>()
            let channel = BoundedChannel<Int>(capacity: 3, fullMode: mode) { log.record($0) }
            for number in 1...3 { #expect(channel.tryWrite(number)) }
            #expect(channel.tryWrite(4) == (mode != .wait))
            if mode != .wait { #expect(try await channel.waitToWrite()) }
            #expect(drain(channel) == content)
            #expect(log.entries == dropped)
        }
    }

    @Test(.row("1.8.2"))
    func `The callback for dropped items runs after the lock has been released`() {
        let counts = Recorder<Int>()
        let box = Recorder<BoundedChannel<Int>>()
        let channel = BoundedChannel<Int>(capacity: 1, fullMode: .dropOldest) { _ in
            counts.record(box.entries[0].count)
        }
        box.record(channel)
        for number in 0..<3 { _ = channel.tryWrite(number) }
        #expect(counts.entries == [1, 1])
    }

    @Test(.row("1.8.3"))
    func `Items, waiting readers and waiting writers are first in, first out; a read moves one writer up`() throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        let log = Recorder<String>()
        for number in 0..<3 {
            executor.task {
                let item = try await channel.read()
                log.record("reader \(number): \(item)")
            }
        }
        executor.runUntilIdle()
        for item in [10, 11, 12] { #expect(channel.tryWrite(item)) }
        executor.runUntilIdle()
        #expect(log.entries == ["reader 0: 10", "reader 1: 11", "reader 2: 12"])
        for number in 0..<3 {
            executor.task {
                try await channel.write(number)
                log.record("wrote \(number)")
            }
        }
        executor.runUntilIdle()
        #expect(log.entries.dropFirst(3) == ["wrote 0"])
        #expect(channel.tryRead() == 0)
        executor.runUntilIdle()
        #expect(log.entries.dropFirst(4) == ["wrote 1"])
        #expect(drain(channel) == [1, 2])
        executor.runUntilIdle()
        #expect(channel.statistics.waiters == 0)
    }

    @Test(.row("1.8.3"))
    func `Where nobody waits for the item or the room itself, everybody who only asks is woken`() async throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        let asking = (0..<3).map { _ in executor.task { try await channel.waitToRead() } }
        executor.runUntilIdle()
        #expect(channel.tryWrite(1))
        #expect(executor.pending == 3)
        executor.runUntilIdle()
        for task in asking { #expect(try await task.value) }
        let writing = (0..<3).map { _ in executor.task { try await channel.waitToWrite() } }
        let writer = executor.task { try await channel.write(2) }
        executor.runUntilIdle()
        #expect(channel.tryRead() == 1)
        #expect(executor.pending == 1, "the room went to the writer")
        executor.runUntilIdle()
        try await writer.value
        #expect(channel.tryRead() == 2)
        #expect(executor.pending == 3)
        executor.runUntilIdle()
        for task in writing { #expect(try await task.value) }
        // A reader that waits gets the item from hand to hand, and nobody else is woken.
        let reader = executor.task { try await channel.read() }
        let asker = executor.task { try await channel.waitToRead() }
        executor.runUntilIdle()
        #expect(channel.tryWrite(3))
        #expect(executor.pending == 1 && channel.count == 0)
        executor.runUntilIdle()
        #expect(try await reader.value == 3)
        channel.tryComplete()
        executor.runUntilIdle()
        #expect(try await !asker.value)
    }

    @Test(.row("1.8.4"))
    func `The item of a cancelled write is never delivered, and the next writer takes its place`() async throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        #expect(channel.tryWrite(42))
        let cancelled = executor.task { try await channel.write(43) }
        executor.task { try await channel.write(44) }
        executor.runUntilIdle()
        cancelled.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(drain(channel) == [42, 44])
        executor.runUntilIdle()
    }

    @Test(.row("1.8.5"))
    func `A cancelled task or token reads, writes and waits for nothing, also where it could`() async {
        let channel = BoundedChannel<Int>(capacity: 2)
        #expect(channel.tryWrite(1))
        await #expect(throws: CancellationError.self) { try await channel.read(cancellation: .cancelled) }
        await #expect(throws: CancellationError.self) { try await channel.write(2, cancellation: .cancelled) }
        await #expect(throws: CancellationError.self) { try await channel.waitToRead(cancellation: .cancelled) }
        await #expect(throws: CancellationError.self) { try await channel.waitToWrite(cancellation: .cancelled) }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            for try await _ in channel {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(channel.count == 1)
    }

    @Test(.row("1.8.6"))
    func `A channel is complete once it is closed and drained; closing twice is refused`() async throws {
        let channel = BoundedChannel<Int>(capacity: 2)
        let completion = channel.completion
        #expect(channel.tryWrite(1))
        #expect(channel.tryComplete())
        #expect(!channel.tryComplete())
        #expect(throws: ChannelClosedError.self) { try channel.complete() }
        #expect(!completion.isCompleted && completion === channel.completion)
        #expect(!channel.tryWrite(2))
        #expect(try await channel.waitToRead())
        #expect(channel.tryRead() == 1)
        #expect(completion.status == .succeeded)
        #expect(try await !channel.waitToRead())
        #expect(try await !channel.waitToWrite())
        await #expect(throws: ChannelClosedError.self) { try await channel.read() }
        await #expect(throws: ChannelClosedError.self) { try await channel.write(3) }
        #expect(UnboundedChannel<Int>().completion.status == .waiting)
    }

    @Test(.row("1.8.7"))
    func `Closing with an error fails waiting and later readers and writers, waits throw the error itself`()
        async throws
    {
        let channel = BoundedChannel<Int>(capacity: 1)
        #expect(channel.tryWrite(1))
        let writer = executor.task { try await channel.write(2) }
        let waiting = executor.task { try await channel.waitToWrite() }
        executor.runUntilIdle()
        try channel.complete(Failure(5))
        executor.runUntilIdle()
        let error = await #expect(throws: ChannelClosedError.self) { try await writer.value }
        #expect(error?.underlyingError as? Failure == Failure(5))
        await #expect(throws: Failure(5)) { try await waiting.value }
        #expect(try await channel.read() == 1)
        await #expect(throws: Failure(5)) { try await channel.waitToRead() }
        await #expect(throws: ChannelClosedError.self) { try await channel.read() }
        await #expect(throws: Failure(5)) { for try await _ in channel {} }
        #expect(channel.completion.status == .failed)
        let empty = UnboundedChannel<Int>()
        let reader = executor.task { try await empty.read() }
        let asker = executor.task { try await empty.waitToRead() }
        executor.runUntilIdle()
        try empty.complete(Failure(6))
        executor.runUntilIdle()
        let read = await #expect(throws: ChannelClosedError.self) { try await reader.value }
        #expect(read?.underlyingError as? Failure == Failure(6))
        await #expect(throws: Failure(6)) { try await asker.value }
        let late = await #expect(throws: ChannelClosedError.self) { try await empty.write(1) }
        #expect(late?.underlyingError as? Failure == Failure(6))
        #expect(late.map { "\($0)" }?.contains("with the error Failure(number: 6)") == true)
        await #expect(throws: Failure(6)) { try await empty.completion.value }
        let cancelled = UnboundedChannel<Int>()
        try cancelled.complete(CancellationError())
        await #expect(throws: CancellationError.self) { try await cancelled.write(1) }
        #expect(cancelled.completion.status == .cancelled)
        await #expect(throws: CancellationError.self) { try await cancelled.read() }
    }

    @Test func `Closing wakes waiting readers, and a loop over the channel ends`() async throws {
        let channel = UnboundedChannel<Int>()
        let log = Recorder<Int>()
        let loop = executor.task { for try await item in channel { log.record(item) } }
        let reader = executor.task { try await channel.read() }
        executor.runUntilIdle()
        try channel.complete()
        executor.runUntilIdle()
        try await loop.value
        await #expect(throws: ChannelClosedError.self) { try await reader.value }
    }

    @Test(.row("1.8.8"))
    func `waitToRead followed by tryRead may find nothing, because another reader was faster`() throws {
        let channel = UnboundedChannel<Int>()
        let log = Recorder<Int>()
        for _ in 0..<2 {
            executor.task {
                while try await channel.waitToRead() {
                    while let item = channel.tryRead() { log.record(item) }
                }
            }
        }
        executor.runUntilIdle()
        for item in 0..<5 {
            #expect(channel.tryWrite(item))
            executor.runUntilIdle()
        }
        try channel.complete()
        executor.runUntilIdle()
        #expect(log.entries == [0, 1, 2, 3, 4])
    }

    @Test(.row("1.8.9"))
    func `No reader or writer runs inside a call of the other side`() {
        let channel = BoundedChannel<Int>(capacity: 0)
        let log = Recorder<Int>()
        executor.task { log.record(try await channel.read()) }
        executor.runUntilIdle()
        #expect(channel.tryWrite(1))
        #expect(log.entries.isEmpty)
        executor.runUntilIdle()
        #expect(log.entries == [1])
        executor.task {
            try await channel.write(2)
            log.record(2)
        }
        executor.runUntilIdle()
        #expect(channel.tryRead() == 2)
        #expect(log.entries == [1])
        executor.runUntilIdle()
        #expect(log.entries == [1, 2])
    }

    @Test(.row("1.8.10", "1.8.11"))
    func `Any number may read at once; nobody's read is cancelled by another's`() throws {
        let channel = UnboundedChannel<Int>()
        let log = Recorder<Int>()
        for _ in 0..<3 { executor.task { log.record(try await channel.read()) } }
        executor.runUntilIdle()
        for item in 0..<3 { #expect(channel.tryWrite(item)) }
        executor.runUntilIdle()
        #expect(log.entries == [0, 1, 2])
    }

    @Test(.row("1.8.12"))
    func `peek and count tell what is there`() {
        let channel = BoundedChannel<Int>(capacity: 3)
        #expect(channel.peek() == nil && channel.count == 0)
        for number in 1...3 { _ = channel.tryWrite(number) }
        #expect(channel.peek() == 1 && channel.count == 3 && channel.capacity == 3)
        _ = channel.tryRead()
        #expect(channel.peek() == 2 && channel.count == 2)
    }

    @Test(.row("1.8.13"))
    func `A rendezvous hands items from writer to reader and never holds one`() async throws {
        let channel = BoundedChannel<Int>(capacity: 0)
        #expect(!channel.tryWrite(1))
        let log = Recorder<String>()
        executor.task {
            try await channel.write(1)
            log.record("written")
        }
        executor.runUntilIdle()
        #expect(log.entries.isEmpty && channel.count == 0)
        #expect(channel.tryRead() == 1)
        executor.runUntilIdle()
        #expect(log.entries == ["written"])
        // Both sides would only ask, and wait for each other for ever.
        await #expect(throws: ArgumentError.self) { try await channel.waitToWrite() }
        let reader = executor.task { try await channel.read() }
        executor.runUntilIdle()
        #expect(channel.tryWrite(2))
        executor.runUntilIdle()
        #expect(try await reader.value == 2)
        for mode in [ChannelFullMode.dropOldest, .dropNewest, .dropWrite] {
            let dropped = Recorder<Int>()
            let dropping = BoundedChannel<Int>(capacity: 0, fullMode: mode) { dropped.record($0) }
            #expect(dropping.tryWrite(3))
            #expect(dropped.entries == [3] && dropping.count == 0)
            #expect(try await dropping.waitToWrite())
            let waiting = executor.task { try await dropping.read() }
            executor.runUntilIdle()
            #expect(dropping.tryWrite(4))
            executor.runUntilIdle()
            #expect(try await waiting.value == 4 && dropped.entries == [3])
        }
    }

    @Test(.row("1.8.14"))
    func `A prioritized channel yields the smallest first`() throws {
        let channel = PrioritizedChannel<Int>()
        var random = SeededRandom(seed: 3)
        let numbers = (0..<200).map { _ in Int.random(in: 0..<50, using: &random) }
        for number in numbers { #expect(channel.tryWrite(number)) }
        #expect(channel.peek() == numbers.min())
        #expect(drain(channel) == numbers.sorted())
        let reversed = PrioritizedChannel<Int> { $0 > $1 }
        for number in [1, 3, 2] { _ = reversed.tryWrite(number) }
        #expect(drain(reversed) == [3, 2, 1])
    }

    @Test func `What is left in a channel is freed with it`() {
        final class Item: Sendable {}
        weak var item: Item?
        do {
            let channel = BoundedChannel<Item>(capacity: 100)
            for _ in 0..<40 {
                let new = Item()
                item = new
                _ = channel.tryWrite(new)
            }
            _ = channel.tryRead()
        }
        #expect(item == nil)
    }

    @Test func `A negative capacity traps`() async {
        await #expect(processExitsWith: .failure) { _ = BoundedChannel<Int>(capacity: -1) }
    }
}
