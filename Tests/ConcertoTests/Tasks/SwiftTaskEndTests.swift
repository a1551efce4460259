import Concerto
import ConcertoTesting
import Testing

/// Cause: the handle of a Swift `Task` was completed by a task that had to be scheduled first, so that what has ended did
/// not look so to whoever asked at once.
@Suite(.leakFree) struct SwiftTaskEndTests {
    @Test func `The handle of a Swift task that has ended has ended, with its value or its error`() async throws {
        for number in 0..<200 {
            let task = Task<Int, any Error> { number }
            _ = await task.result
            #expect(task.handle.status == .succeeded)
            #expect(try await task.wait(timeout: .zero) == number)
            let failing = Task<Int, any Error> { throw Failure(number) }
            _ = await failing.result
            let handle = failing.handle
            #expect(handle.status == .failed)
            await #expect(throws: Failure(number)) { try await handle.value }
        }
    }

    @Test func `Of Swift tasks that have ended whenAny returns the first, whenEach all in input order`() async throws {
        for _ in 0..<200 {
            let tasks = (0..<3).map { number in Task { number } }
            for task in tasks { _ = await task.value }
            #expect(try await Task.whenAny(tasks).value == 0)
            var order: [Int] = []
            for try await task in Task.whenEach(tasks) { order.append(await task.value) }
            #expect(order == [0, 1, 2])
        }
    }

    @Test func `A Swift task that has ended wins over the cancellation of who waits for it`() async throws {
        let ended = Task { 1 }
        _ = await ended.value
        let waiter = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await [ended.wait(), Task.whenAny([ended]).value] + Task.whenAll([ended])
        }
        #expect(try await waiter.value == [1, 1, 1])
    }

    @Test func `Whoever waits for a Swift task through its handle resumes when it ends, 500 rounds`() async throws {
        for number in 0..<500 {
            let gate = TaskCompletionSource<Int>()
            let task = Task { try await gate.task.value }
            let handle = task.handle
            let inner = Task { try await handle.value }
            let outer = Task { try await inner.wait() }
            gate.trySetResult(number)
            #expect(try await outer.value == number)
        }
    }

    // Each wait started a task that lived as long as the one waited for.
    @Test func `waits on a Swift task that goes on leave nothing behind, F4`() async throws {
        let gate = AsyncManualResetEvent()
        let server = Task {
            try await gate.wait()
            return 1
        }
        let tick = TaskHandle.completed(2)
        try await withLeakCheck { () async throws -> Void in
            for _ in 0..<1_000 {
                await #expect(throws: TimeoutError.self) { try await server.wait(timeout: .zero) }
                #expect(try await Task.whenAny([server.handle, tick]).value == 2)
            }
        }
        gate.set()
        #expect(try await server.value == 1)
    }

    @Test func `a Swift task has one handle while it runs, F4`() async throws {
        let gate = AsyncManualResetEvent()
        let task = Task { try await gate.wait() }
        let other = Task { try await gate.wait() }
        #expect(task.handle === task.handle)
        #expect(task.handle !== other.handle)
        let handle = task.handle
        gate.set()
        try await handle.value
        try await other.value
        // One that has ended gets another, and each is right.
        #expect(task.handle.status == .succeeded)
    }
}
