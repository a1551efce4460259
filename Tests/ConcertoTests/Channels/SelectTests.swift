import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct SelectTests {
    let executor = ManualExecutor()
    let clock = ManualClock()

    @Test(.row("1.8.15"))
    func `select takes from the first channel that is ready, and leaves the others alone`() async throws {
        let numbers = UnboundedChannel<Int>()
        let texts = UnboundedChannel<String>()
        let clock = clock
        let log = Recorder<String>()
        executor.task {
            for _ in 0..<4 {
                log.record(
                    try await select(
                        .read(numbers) { "number \($0)" }, .read(texts) { "text \($0)" },
                        .timeout(after: .seconds(1), clock: clock) { "timeout" }))
            }
        }
        executor.runUntilIdle()
        #expect(numbers.statistics.waiters == 1 && texts.statistics.waiters == 1 && clock.pending == 1)
        #expect(texts.tryWrite("a"))
        executor.runUntilIdle()
        #expect(numbers.tryWrite(1))
        #expect(texts.tryWrite("b"))
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        #expect(log.entries == ["text a", "number 1", "text b", "timeout"])
        #expect(numbers.statistics.waiters == 0 && texts.statistics.waiters == 0 && clock.pending == 0)
    }

    // Cause: the deadline lay in the past, so the case was ready at once.
    @Test func `A negative timeout is refused before anything is taken`() async throws {
        let channel = UnboundedChannel<Int>()
        #expect(channel.tryWrite(1))
        await #expect(throws: ArgumentError.self) {
            try await select(.read(channel) { "\($0)" }, .timeout(after: .seconds(-1), clock: clock) { "timeout" })
        }
        #expect(channel.tryRead() == 1)
    }

    @Test func `When all channels are completed, select throws the error that one was completed with`() async throws {
        let plain = UnboundedChannel<Int>()
        let failed = UnboundedChannel<Int>()
        try plain.complete()
        #expect(failed.tryComplete(Failure(3)))
        let error = await #expect(throws: ChannelClosedError.self) {
            try await select(.read(plain) { $0 }, .read(failed) { $0 })
        }
        #expect(error?.underlyingError as? Failure == Failure(3))
    }

    @Test func `select writes where there is room, skips completed channels, and fails when all are`() async throws {
        let full = BoundedChannel<Int>(capacity: 1)
        let open = BoundedChannel<Int>(capacity: 1)
        #expect(full.tryWrite(0))
        #expect(try await select(.write(1, to: full) { "full" }, .write(2, to: open) { "open" }) == "open")
        #expect(open.tryRead() == 2)
        let waiting = executor.task { try await select(.write(1, to: full) { "full" }) }
        executor.runUntilIdle()
        #expect(full.tryRead() == 0)
        executor.runUntilIdle()
        #expect(try await waiting.value == "full")
        #expect(full.tryRead() == 1)
        try full.complete()
        await #expect(throws: ChannelClosedError.self) { try await select(.read(full) { $0 }) }
        let other = executor.task { try await select(.read(full) { $0 }, .read(open) { $0 }) }
        executor.runUntilIdle()
        #expect(open.tryWrite(7))
        executor.runUntilIdle()
        #expect(try await other.value == 7)
    }

    @Test func `A channel that is completed while select waits ends the wait`() async throws {
        let channel = UnboundedChannel<Int>()
        let waiting = executor.task { try await select(.read(channel) { $0 }) }
        executor.runUntilIdle()
        try channel.complete()
        executor.runUntilIdle()
        await #expect(throws: ChannelClosedError.self) { try await waiting.value }
    }

    @Test func `Cancelling select takes nothing and leaves no waiter`() async throws {
        let channel = UnboundedChannel<Int>()
        let waiting = executor.task { try await select(.read(channel) { $0 }) }
        executor.runUntilIdle()
        waiting.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(channel.statistics.waiters == 0)
        await #expect(throws: ArgumentError.self) { try await select() as Int }
    }

    @Test func `Two selects meet at a rendezvous, whichever comes first`() async throws {
        for writesFirst in [true, false] {
            let channel = BoundedChannel<Int>(capacity: 0)
            let sides: [@Sendable () async throws -> String] = [
                { try await select(.write(7, to: channel) { "written" }) },
                { try await select(.read(channel) { "read \($0)" }) },
            ]
            let first = executor.task { try await sides[writesFirst ? 0 : 1]() }
            executor.runUntilIdle()
            let second = executor.task { try await sides[writesFirst ? 1 : 0]() }
            executor.runUntilIdle()
            #expect(try await Set([first.value, second.value]) == ["written", "read 7"])
            #expect(channel.statistics.waiters == 0)
        }
    }

    @Test func `Of several offers exactly one is taken, by any kind of reader`() async throws {
        let one = BoundedChannel<Int>(capacity: 0)
        let other = BoundedChannel<Int>(capacity: 0)
        let offering = executor.task {
            try await select(.write(1, to: one) { "one" }, .write(2, to: other) { "other" })
        }
        executor.runUntilIdle()
        #expect(one.statistics.waiters == 1 && other.statistics.waiters == 1)
        #expect(other.tryRead() == 2)
        // The other offer is void at once, also before its task has run again.
        #expect(one.tryRead() == nil)
        executor.runUntilIdle()
        #expect(try await offering.value == "other")
        #expect(one.statistics.waiters == 0 && other.statistics.waiters == 0)

        let again = executor.task { try await select(.write(3, to: one) { "again" }) }
        executor.runUntilIdle()
        #expect(try await one.read() == 3)
        executor.runUntilIdle()
        #expect(try await again.value == "again")
    }

    @Test func `A cancelled offer is never read, a read one is never cancelled, and completing ends it`() async throws {
        let channel = BoundedChannel<Int>(capacity: 0)
        let cancelled = executor.task { try await select(.write(1, to: channel) { "written" }) }
        executor.runUntilIdle()
        cancelled.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(channel.tryRead() == nil)

        let taken = executor.task { try await select(.write(2, to: channel) { "written" }) }
        executor.runUntilIdle()
        #expect(channel.tryRead() == 2)
        taken.cancel()
        executor.runUntilIdle()
        #expect(try await taken.value == "written")

        let closed = executor.task { try await select(.write(3, to: channel) { "written" }) }
        executor.runUntilIdle()
        try channel.complete()
        executor.runUntilIdle()
        await #expect(throws: ChannelClosedError.self) { try await closed.value }
    }

    /// Runs jobs until none is ready; gives up where there is always one.
    private func runUntilIdle() -> Bool {
        for _ in 0..<1_000 where !executor.runOne() { return true }
        return false
    }

    // Cause: a write to a rendezvous that has been completed was always worth another look, so `select` never slept.
    @Test func `A completed rendezvous among open channels lets select sleep`() async throws {
        let done = BoundedChannel<Int>(capacity: 0)
        let open = UnboundedChannel<Int>()
        try done.complete()
        let waiting = executor.task {
            try await select(.write(1, to: done) { 0 }, .read(done) { $0 }, .read(open) { $0 })
        }
        #expect(runUntilIdle())
        #expect(open.tryWrite(5))
        executor.runUntilIdle()
        #expect(try await waiting.value == 5)
        #expect(done.statistics.waiters == 0 && open.statistics.waiters == 0)
    }

    // Cause: the offer of a `select` woke its own case that reads, which looked again, offered again, and so on.
    @Test(arguments: [true, false])
    func `A select that writes to a rendezvous and reads from it sleeps until somebody else comes`(
        writesFirst: Bool
    ) async throws {
        let channel = BoundedChannel<Int>(capacity: 0)
        let (write, read) = (
            SelectCase.write(1, to: channel) { "written" }, SelectCase.read(channel) { "read \($0)" }
        )
        @Sendable func both() async throws -> String {
            writesFirst ? try await select(write, read) : try await select(read, write)
        }
        let first = executor.task { try await both() }
        #expect(runUntilIdle())
        #expect(channel.tryRead() == 1)
        executor.runUntilIdle()
        #expect(try await first.value == "written")
        let second = executor.task { try await both() }
        #expect(runUntilIdle())
        let writer = executor.task { try await channel.write(2) }
        #expect(runUntilIdle())
        #expect(try await second.value == "read 2")
        try await writer.value
        // Two of the kind meet each other.
        let pair = [executor.task { try await both() }, executor.task { try await both() }]
        #expect(runUntilIdle())
        #expect(try await Set([pair[0].value, pair[1].value]) == ["written", "read 1"])
        #expect(channel.statistics.waiters == 0)
    }

    // Cause: what waits in the other channels was taken back only when the body of a taken offer had ended.
    @Test func `While the body of a taken offer runs, nothing of its select waits any more`() async throws {
        let one = BoundedChannel<Int>(capacity: 0)
        let other = BoundedChannel<Int>(capacity: 0)
        let clock = clock
        let open = TaskCompletionSource<Int>()
        let offering = executor.task {
            try await select(
                .write(1, to: one) { try await open.task.value }, .write(2, to: other) { 0 },
                .timeout(after: .seconds(1), clock: clock) { 0 })
        }
        executor.runUntilIdle()
        #expect(one.tryRead() == 1)
        executor.runUntilIdle()
        #expect(other.statistics.waiters == 0 && clock.pending == 0)
        open.trySetResult(7)
        executor.runUntilIdle()
        #expect(try await offering.value == 7)
    }

    /// Four tasks that each offer on one rendezvous and read from another, with cancellations in between: what was
    /// written is what was read.
    @Test func `Selects that write here and read there, 10,000 rounds: items are conserved and nobody hangs`()
        async throws
    {
        let left = BoundedChannel<Int>(capacity: 0)
        let right = BoundedChannel<Int>(capacity: 0)
        let written = Counter()
        let read = Counter()
        let rounds = 2_500
        try await withThrowingTaskGroup(of: Void.self) { group in
            for side in 0..<4 {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(side))
                    let (mine, theirs) = side.isMultiple(of: 2) ? (left, right) : (right, left)
                    for round in 0..<rounds {
                        let item = side * rounds + round + 1
                        let attempt = Task {
                            try await select(
                                .write(item, to: mine) { written.add(item) },
                                .read(theirs) { read.add($0) },
                                // The last ones have nobody to meet.
                                .timeout(after: .milliseconds(1)) { 0 })
                        }
                        if Int.random(in: 0..<8, using: &random) == 0 { attempt.cancel() }
                        _ = await attempt.result
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(written.value == read.value, "seeds 0 to 3")
        #expect(written.value > 0)
        #expect(left.statistics.waiters == 0 && right.statistics.waiters == 0)
    }
}
