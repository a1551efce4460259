import Concerto
import ConcertoTesting
import Foundation
import Synchronization
import Testing

@Suite(.leakFree) struct TimedCancellationTests {
    let clock = ManualClock()

    // Cause: callbacks of cancel(after:) ran where timers are driven; one that blocked held up all of them, and one that
    // waited for a timer itself stopped them for good.
    @Test func `A delay cancels at once and leaves its callbacks to a task, so that no timer waits for them`()
        async throws
    {
        let source = try CancellationTokenSource(cancelAfter: .seconds(1), clock: clock)
        let isAdvancing = Atomic(true)
        let inside = TaskCompletionSource<Bool>()
        func advance() {
            let thread = pthread_self()
            source.token.register {
                let isSame = pthread_self() == thread
                inside.trySetResult(isSame && isAdvancing.load(ordering: .acquiring))
            }
            clock.advance(by: .seconds(1))
            isAdvancing.store(false, ordering: .releasing)
        }
        advance()
        #expect(source.isCancellationRequested)
        #expect(try await !inside.task.value)
    }

    @Test func `A callback of a delay may itself block on a timer`() async throws {
        let source = try CancellationTokenSource(cancelAfter: .milliseconds(1))
        let ended = TaskCompletionSource<Void>()
        source.token.register {
            do { ended.trySetResult(try runBlocking { try await Task.delay(for: .milliseconds(1)) }) } catch {
                ended.trySetError(error)
            }
        }
        try await ended.task.value
    }

    @Test func `The callbacks of a delay and of what is linked run in order, those of links in their place`()
        async throws
    {
        let source = try CancellationTokenSource(cancelAfter: .seconds(1), clock: clock)
        let log = Recorder<Int>()
        let ended = TaskCompletionSource<Void>()
        source.token.register { ended.trySetResult() }
        source.token.register { log.record(1) }
        let child = CancellationTokenSource(linkedTo: source.token)
        child.token.register { log.record(2) }
        source.token.register { log.record(3) }
        clock.advance(by: .seconds(1))
        try await ended.task.value
        #expect(log.entries == [3, 2, 1])
        #expect(child.isCancellationRequested)
    }

    // Cause: the timer asked for its generation under one lock and cancelled under the next; a reset could come between.
    @Test func `A delay that was taken back while it ran out has cancelled before or never does, 2,000 rounds`()
        async throws
    {
        for round in 0..<2_000 {
            let clock = ManualClock()
            let source = try CancellationTokenSource(cancelAfter: .seconds(1), clock: clock)
            let firing = Task.detached { clock.advance(by: .seconds(1)) }
            if round % 2 == 0 {
                let isReset = source.tryReset()
                await firing.value
                #expect(isReset != source.isCancellationRequested)
            } else {
                try source.cancel(after: nil)
                let wasCancelled = source.isCancellationRequested
                await firing.value
                #expect(wasCancelled == source.isCancellationRequested)
            }
        }
    }
}
