import Concerto
import ConcertoTesting
import Testing

@Suite struct ManualClockTests {
    private func start(_ clock: ManualClock, _ delay: Duration, _ action: @escaping @Sendable () -> Void)
        -> any ScheduledTimer
    {
        clock.schedule(at: clock.now.advanced(by: delay), action)
    }

    @Test(.row("1.10.3"))
    func `advance fires due timers in the order of their deadlines, ties as scheduled, each at its own time`() {
        let clock = ManualClock()
        let log = Log()
        for (number, seconds) in [(1, 3), (2, 1), (3, 3), (4, 2)] {
            _ = start(clock, .seconds(seconds)) {
                log.append(number * 100 + Int(clock.now.nanoseconds / 1_000_000_000))
            }
        }
        clock.advance(by: .seconds(2))
        #expect(log.entries == [201, 402])
        clock.advance(by: .seconds(10))
        #expect(log.entries == [201, 402, 103, 303])
        #expect(clock.now.nanoseconds == 12_000_000_000 && clock.pending == 0)
    }

    @Test(.row("1.10.3"))
    func `Going back traps`() async {
        await #expect(processExitsWith: .failure) { ManualClock().advance(by: .seconds(-1)) }
        await #expect(processExitsWith: .failure) {
            let clock = ManualClock()
            clock.advance(by: .seconds(2))
            clock.advance(to: TimerInstant(nanoseconds: 1))
        }
    }

    @Test(.row("1.10.4"))
    func `A timer runs once, a cancelled one never, and an action may schedule or cancel others`() {
        let clock = ManualClock()
        let log = Log()
        let cancelled = start(clock, .seconds(1)) { log.append(1) }
        #expect(cancelled.cancel())
        #expect(!cancelled.cancel())
        let victim = start(clock, .seconds(3)) { log.append(2) }
        _ = start(clock, .seconds(2)) {
            log.append(3)
            victim.cancel()
            _ = start(clock, .seconds(1)) { log.append(4) }
        }
        clock.advance(by: .seconds(5))
        clock.advance(by: .seconds(5))
        #expect(log.entries == [3, 4])
        #expect(clock.nextDeadline == nil)
    }

    @Test func `advanceToNextTimer fires what is due next and leaves the clock there`() {
        let clock = ManualClock()
        let log = Log()
        for (number, seconds) in [(1, 3), (2, 1), (3, 3)] {
            _ = start(clock, .seconds(seconds)) { log.append(number) }
        }
        #expect(clock.advanceToNextTimer())
        #expect(log.entries == [2] && clock.now.nanoseconds == 1_000_000_000)
        #expect(!clock.advanceToNextTimer(before: TimerInstant(nanoseconds: 3_000_000_000)))
        #expect(clock.advanceToNextTimer())
        #expect(log.entries == [2, 1, 3] && clock.now.nanoseconds == 3_000_000_000)
        #expect(!clock.advanceToNextTimer())
    }

    // Once trapped: a driver that moved the clock to `nextDeadline` asked it to go back.
    @Test func `a timer that comes too late is next, and the clock stays where it is`() {
        let clock = ManualClock()
        let log = Log()
        clock.advance(by: .seconds(5))
        _ = clock.schedule(at: TimerInstant(nanoseconds: 1)) { log.append(1) }
        #expect(clock.advanceToNextTimer())
        #expect(log.entries == [1] && clock.now.nanoseconds == 5_000_000_000)
    }

    @Test func `sleepers waits until so many sleep`() async throws {
        let clock = ManualClock()
        let tasks = (0..<3).map { _ in Task { try await clock.sleep(for: .seconds(1)) } }
        await clock.sleepers(count: 3)
        #expect(clock.pending == 3)
        tasks[0].cancel()
        await #expect(throws: CancellationError.self) { try await tasks[0].value }
        clock.advance(by: .seconds(1))
        for task in tasks.dropFirst() { try await task.value }
    }

    @Test func `A number of sleepers below zero traps, none is there at once`() async {
        await ManualClock().sleepers(count: 0)
        await #expect(processExitsWith: .failure) { await ManualClock().sleepers(count: -1) }
    }

    // Cause: the timer kept its action to its own end, and so a cycle for as long as somebody kept the timer.
    @Test func `A timer that was cancelled or has fired lets go of what its action captured`() {
        final class Captured: Sendable {}
        let clock = ManualClock()
        weak var captured: Captured?
        for fires in [true, false] {
            let timer: any ScheduledTimer
            do {
                let object = Captured()
                captured = object
                timer = start(clock, .seconds(1)) { withExtendedLifetime(object) {} }
            }
            #expect(captured != nil)
            if fires { clock.advance(by: .seconds(1)) } else { timer.cancel() }
            #expect(captured == nil)
            withExtendedLifetime(timer) {}
        }
    }

    @Test func `The example in the documentation does what it says`() async throws {
        let semaphore = AsyncSemaphore(permits: 0)
        let clock = ManualClock()
        async let isIn = semaphore.acquire(timeout: .seconds(1), clock: clock)
        await clock.sleepers(count: 1)  // someone waits for the clock
        clock.advance(by: .seconds(1))
        #expect(try await !isIn)
    }
}
