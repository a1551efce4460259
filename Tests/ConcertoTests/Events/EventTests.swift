import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct EventTests {
    let executor = ManualExecutor()
    let clock = ManualClock()
    let log = Recorder<String>()

    @Test func `A manual-reset event lets everybody through while it is set`() async throws {
        let event = AsyncManualResetEvent()
        for name in ["a", "b"] {
            executor.task {
                try await event.wait()
                log.record(name)
            }
        }
        executor.runUntilIdle()
        #expect(log.entries.isEmpty && event.statistics.waiters == 2)
        event.set()
        event.reset()
        executor.runUntilIdle()
        #expect(log.entries == ["a", "b"], "whoever was let through stays through")
        #expect(try await !event.wait(timeout: .zero))
        event.set()
        try await event.wait(cancellation: .cancelled)
        #expect(try await event.wait(timeout: .zero))
    }

    @Test func `A timed wait for an event ends with its clock, a cancelled one at once`() async throws {
        let event = AsyncManualResetEvent()
        let clock = clock
        let timed = executor.task { try await event.wait(timeout: .seconds(1), clock: clock) }
        let cancelled = executor.task { try await event.wait() }
        executor.runUntilIdle()
        clock.advance(by: .seconds(1))
        cancelled.cancel()
        executor.runUntilIdle()
        #expect(try await !timed.value)
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        await #expect(throws: CancellationError.self) { try await event.wait(cancellation: .cancelled) }
        await #expect(throws: ArgumentError.self) { try await event.wait(timeout: .seconds(-1)) }
    }

    @Test func `An auto-reset event lets one through for each signal, in order, and remembers one`() async throws {
        let event = AsyncAutoResetEvent()
        for name in ["a", "b", "c"] {
            executor.task {
                try await event.wait()
                log.record(name)
            }
        }
        executor.runUntilIdle()
        event.set()
        event.set()
        executor.runUntilIdle()
        #expect(log.entries == ["a", "b"])
        event.set()
        executor.runUntilIdle()
        event.set()
        event.set()
        #expect(event.isSet)
        await #expect(throws: CancellationError.self) { try await event.wait(cancellation: .cancelled) }
        #expect(event.isSet, "a cancelled wait takes nothing")
        try await event.wait()
        #expect(!event.isSet)
    }

    @Test func `A countdown opens at its last signal, and signals beyond it are refused`() async throws {
        let event = AsyncCountdownEvent(count: 2)
        executor.task {
            try await event.wait()
            log.record("open")
        }
        executor.runUntilIdle()
        try event.add()
        #expect(try !event.signal(2))
        executor.runUntilIdle()
        #expect(log.entries.isEmpty)
        #expect(throws: ArgumentError.self) { try event.signal(2) }
        #expect(try event.signal())
        executor.runUntilIdle()
        #expect(log.entries == ["open"])
        #expect(throws: ArgumentError.self) { try event.signal() }
        #expect(throws: ArgumentError.self) { try event.add() }
        #expect(throws: ArgumentError.self) { try event.signal(0) }
        #expect(AsyncCountdownEvent(count: 0).isSet)
        await #expect(processExitsWith: .failure) { _ = AsyncCountdownEvent(count: -1) }
    }

    @Test func `A barrier releases everybody phase by phase; a cancelled wait stays counted`() async throws {
        let barrier = AsyncBarrier(participants: 3)
        for _ in 0..<2 { executor.task { log.record("phase \(try await barrier.signalAndWait())") } }
        executor.runUntilIdle()
        #expect(barrier.arrived == 2 && log.entries.isEmpty)
        #expect(try await barrier.signalAndWait() == 0)
        executor.runUntilIdle()
        #expect(log.entries == ["phase 0", "phase 0"])
        let leaver = executor.task { try await barrier.signalAndWait() }
        executor.task { log.record("phase \(try await barrier.signalAndWait())") }
        executor.runUntilIdle()
        leaver.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await leaver.value }
        await #expect(throws: CancellationError.self) { try await barrier.signalAndWait(cancellation: .cancelled) }
        #expect(try await barrier.signalAndWait() == 1)
        executor.runUntilIdle()
        #expect(log.entries.last == "phase 1")
    }

    @Test(.row("1.10.2"))
    func `A periodic timer ticks, ticks that nobody waits for are one, and it serves one waiter`() async throws {
        let timer = try PeriodicTimer(period: .seconds(1), clock: clock)
        let first = executor.task { try await timer.waitForNextTick() }
        executor.runUntilIdle()
        #expect(timer.statistics.waiters == 1)
        await #expect(throws: PeriodicTimer.ConcurrentWaitError.self) { try await timer.waitForNextTick() }
        clock.advance(by: .seconds(1))
        executor.runUntilIdle()
        #expect(try await first.value)
        clock.advance(by: .seconds(5))
        await #expect(throws: CancellationError.self) { try await timer.waitForNextTick(cancellation: .cancelled) }
        #expect(try await timer.waitForNextTick())
        let waiting = executor.task { try await timer.waitForNextTick() }
        executor.runUntilIdle()
        waiting.cancel()
        executor.runUntilIdle()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        try timer.setPeriod(.seconds(10))
        let later = executor.task { try await timer.waitForNextTick() }
        executor.runUntilIdle()
        clock.advance(by: .seconds(9))
        executor.runUntilIdle()
        timer.stop()
        executor.runUntilIdle()
        #expect(try await !later.value)
        #expect(try await !timer.waitForNextTick())
        #expect(clock.pending == 0)
        #expect(throws: ArgumentError.self) { try PeriodicTimer(period: .zero) }
    }

    @Test(.row("1.10.2"))
    func `A tick that nobody took is void once the timer is stopped, and a stopped timer has no period to change`()
        async throws
    {
        let timer = try PeriodicTimer(period: .seconds(1), clock: clock)
        clock.advance(by: .seconds(1))
        timer.stop()
        #expect(try await !timer.waitForNextTick())
        // Cause: it was taken for a change of a timer that would never tick again.
        #expect(throws: ClosedError("PeriodicTimer")) { try timer.setPeriod(.seconds(2)) }
        #expect(throws: ArgumentError.self) { try timer.setPeriod(.zero) }
        #expect(timer.period == .seconds(1) && clock.pending == 0)
    }
}
