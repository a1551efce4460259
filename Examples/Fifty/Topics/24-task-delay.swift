import Concerto
import ConcertoTesting

func topic24() async throws {
    let clock = ManualClock()
    let task = Task.run { try await Task.delay(for: .seconds(3_600), clock: clock) }
    await clock.sleepers()
    print("timers while it waits: \(clock.pending)")
    task.cancel()
    _ = await task.outcome
    print("timers after the cancellation: \(clock.pending)")
}
