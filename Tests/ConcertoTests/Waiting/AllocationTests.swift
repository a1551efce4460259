import Concerto
import ConcertoTesting
import Synchronization
import Testing

#if DEBUG
/// Who need not wait makes no waiter.
@Suite struct AllocationTests {
    private let clock = ManualClock()

    @Test func `Whoever finds what it waits for makes no waiter`() async throws {
        let channel = BoundedChannel<Int>(capacity: 2)
        let timer = try PeriodicTimer(period: .seconds(1), clock: clock)
        let event = AsyncManualResetEvent(isSet: true)
        let barrier = AsyncBarrier(participants: 1)
        let made = try await waitersMade {
            #expect(try await channel.waitToWrite())
            try await channel.write(1)
            #expect(try await channel.waitToRead())
            #expect(try await channel.read() == 1)
            clock.advance(by: .seconds(1))
            #expect(try await timer.waitForNextTick())
            timer.stop()
            #expect(try await timer.waitForNextTick() == false)
            try await event.wait()
            #expect(try await barrier.signalAndWait() == 0)
            try await AsyncSemaphore(permits: 1).withPermit {}
            try await AsyncReaderWriterLock().withWriteLock {}
        }
        #expect(made == 0)
    }

    @Test func `Whoever waits makes one`() async throws {
        let executor = ManualExecutor()
        let channel = BoundedChannel<Int>(capacity: 1)
        let made = try await waitersMade {
            let reader = executor.task { try await channel.waitToRead() }
            executor.runUntilIdle()
            try await channel.write(1)
            executor.runUntilIdle()
            #expect(try await reader.value)
        }
        #expect(made == 1)
    }

    private func waitersMade(_ body: () async throws -> Void) async throws -> Int {
        let ledger = LeakLedger()
        try await LeakLedger.$current.withValue(ledger) { try await body() }
        return ledger.waitersMade.load(ordering: .relaxed)
    }
}
#endif
