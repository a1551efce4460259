import Concerto
import Testing

/// Cancellations that come in another shape, or where nobody looked for them.
@Suite(.leakFree) struct HiddenCancellationTests {
    // Cause: only the operations' errors were looked at, not whether the caller had been cancelled.
    @Test func `firstSuccess of a cancelled caller throws CancellationError, whatever its operations do`() async throws
    {
        let started = TaskCompletionSource<Void>()
        let operation: @Sendable () async throws -> Int = {
            started.trySetResult()
            do { try await Task.delay(for: .seconds(3_600)) } catch { throw Failure(1) }
            return 1
        }
        let caller = Task<Int, any Error> { try await Task.firstSuccess(of: [operation]) }
        try await started.task.value
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
    }

    // Cause: a worker that was cancelled stopped the loop without an error, and what it had was returned as all.
    @Test(arguments: [true, false])
    func `A body that cancels its own child task ends the loop with an error, never with a part`(
        ordered: Bool
    ) async throws {
        await #expect(throws: AggregateError.self) {
            try await (0..<100).mapConcurrently(limit: 2, ordered: ordered) { number in
                if number == 10 { withUnsafeCurrentTask { $0?.cancel() } }
                return number
            }
        }
        await #expect(throws: AggregateError.self) {
            try await (0..<100).forEachConcurrently(limit: 2) { number in
                if number == 10 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
    }

    // Cause: the body ran in the caller's own task unless that had been cancelled before.
    @Test func `The synchronous shield hides a cancellation that comes while the body runs`() async throws {
        let own = TaskCompletionSource<Task<[Bool], any Error>>()
        let task = Task<[Bool], any Error> {
            let task = try await own.task.value
            let inside = withTaskCancellationShield {
                task.cancel()
                return Task.isCancelled
            }
            return [inside, Task.isCancelled]
        }
        own.trySetResult(task)
        #expect(try await task.value == [false, true])
    }
}
