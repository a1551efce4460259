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
}
