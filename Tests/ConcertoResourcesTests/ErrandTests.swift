import Concerto
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoResources

struct ErrandTests {
    /// A clock that does something whenever it is read.
    private struct MeddlingClock: TimerClock {
        let base: ManualClock
        let onNow: @Sendable () -> Void

        var now: TimerInstant {
            onNow()
            return base.now
        }
        var minimumResolution: Duration { base.minimumResolution }

        func sleep(until deadline: TimerInstant, tolerance: Duration?) async throws {
            try await base.sleep(until: deadline, tolerance: tolerance)
        }

        func schedule(at deadline: TimerInstant, _ action: @escaping @Sendable () -> Void) -> any ScheduledTimer {
            base.schedule(at: deadline, action)
        }
    }

    @Test func `an errand that is given up while it begins sets no timer and runs nothing`() {
        let ran = Flag()
        let errand = Errand<Int>("test", limit: .seconds(5)) { _ in ran.set() }
        let clock = ManualClock()
        errand.start(on: MeddlingClock(base: clock, onNow: { errand.abandon() })) {
            ran.set()
            return 1
        }
        #expect(clock.pending == 0 && !ran.isSet)
    }

    @Test func `an errand that is cancelled before it begins runs cancelled, and tells its end`() async {
        let clock = ManualClock()
        let wasCancelled = Flag()
        let ended = Flag()
        let errand = Errand<Int>("test", limit: .seconds(5)) { _ in ended.set() }
        errand.cancel()
        errand.start(on: clock) {
            // The task is cancelled by who began it, at any moment.
            while !Task.isCancelled { await Task.yield() }
            wasCancelled.set()
            return 1
        }
        await until { ended.isSet }
        #expect(wasCancelled.isSet && clock.pending == 0)
    }
}
