import Concerto
import ConcertoTesting

/// A test of code that waits: an hour passes at once, and the order is the same each time.
func virtualTime() async throws {
    let clock = ManualClock()
    let executor = ManualExecutor()
    let reminder = executor.task {
        try await Task.delay(for: .seconds(3_600), clock: clock)
        return "an hour is over"
    }
    executor.runUntilIdle()
    print("timers that wait: \(clock.pending)")
    clock.advance(by: .seconds(3_599))
    executor.runUntilIdle()
    print("after 3,599 s: \(clock.pending == 1 ? "still waits" : "done")")
    clock.advance(by: .seconds(1))
    executor.runUntilIdle()
    print(try await reminder.value)
}
