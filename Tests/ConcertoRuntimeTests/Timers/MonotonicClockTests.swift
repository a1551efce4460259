import Foundation
import Synchronization
import Testing

@testable import ConcertoRuntime

@Suite(.serialized) struct MonotonicClockTests {
    let clock = MonotonicClock()

    @Test func `calls back after the deadline, never before`() async {
        let deadline = clock.now.advanced(by: .milliseconds(3))
        let fired = await withUnsafeContinuation { continuation in
            _ = clock.schedule(at: deadline) { continuation.resume(returning: MonotonicClock().now) }
        }
        #expect(fired >= deadline)
    }

    @Test func `a deadline in the past is called back too, outside of schedule`() async {
        let returned = Mutex(false)
        let sawReturn = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            returned.withLock { flag in
                // The action needs the lock that is held around `schedule`: inside it, it would deadlock.
                _ = clock.schedule(at: TimerInstant(nanoseconds: .min)) {
                    continuation.resume(returning: returned.withLock { $0 })
                }
                flag = true
            }
        }
        #expect(sawReturn)
    }

    @Test func `equal deadlines are called back in the order of scheduling`() async {
        let order = Mutex<[Int]>([])
        let deadline = clock.now.advanced(by: .milliseconds(2))
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            for index in 0..<100 {
                _ = clock.schedule(at: deadline) {
                    let count = order.withLock {
                        $0.append(index)
                        return $0.count
                    }
                    if count == 100 { continuation.resume() }
                }
            }
        }
        #expect(order.withLock { $0 } == Array(0..<100))
    }

    @Test func `cancelling frees the action at once`() {
        final class Witness: Sendable {}
        weak var observed: Witness?
        let timer: any ScheduledTimer
        do {
            let witness = Witness()
            observed = witness
            timer = clock.schedule(at: clock.now.advanced(by: .seconds(3600))) { _ = witness }
        }
        #expect(observed != nil)
        #expect(timer.cancel())
        #expect(observed == nil)
        #expect(!timer.cancel())
    }

    @Test func `each of many racing timers either fires or is cancelled`() async {
        var random = Seeded()
        let fired = Atomic(0)
        let cancelled = Atomic(0)
        let total = 20_000
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            for _ in 0..<total {
                let delay = Duration.microseconds(Int.random(in: 0..<600, using: &random))
                let timer = clock.schedule(at: clock.now.advanced(by: delay)) {
                    fired.add(1, ordering: .sequentiallyConsistent)
                }
                if Bool.random(using: &random), timer.cancel() { cancelled.add(1, ordering: .sequentiallyConsistent) }
            }
            // The last timer closes the count: it comes after all others.
            _ = clock.schedule(at: clock.now.advanced(by: .milliseconds(5))) { continuation.resume() }
        }
        let sum = fired.load(ordering: .sequentiallyConsistent) + cancelled.load(ordering: .sequentiallyConsistent)
        #expect(sum == total)
    }

    @Test func `a cancelled sleep ends at once and leaves no timer`() async {
        let before = TimerService.shared.pending
        let tasks = (0..<1_000).map { _ in
            Task { try await MonotonicClock().sleep(for: .seconds(3600)) }
        }
        for task in tasks { task.cancel() }
        for task in tasks {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(TimerService.shared.pending < before + 1_000)
    }
}
