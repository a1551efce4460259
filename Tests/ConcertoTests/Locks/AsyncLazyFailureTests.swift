import Concerto
import Testing

@Suite(.leakFree) struct AsyncLazyFailureTests {
    // Cause: a failure was forgotten by a synchronous callback that was registered under the value's own lock; a factory
    // that had failed by then ran it inside and locked again.
    // Cause: callbacks come after waiters, so whoever asked again at once was handed the failure it had just got.
    @Test func `A factory that fails at once runs again for whoever asks next, 2,000 rounds`() async {
        let runs = Counter()
        for round in 1...2_000 {
            let lazy = AsyncLazy<Int>(onFailure: .retry) { throw Failure(runs.add()) }
            await #expect(throws: Failure(2 * round - 1)) { try await lazy.value() }
            #expect(!lazy.isStarted)
            await #expect(throws: Failure(2 * round)) { try await lazy.value() }
        }
    }

    @Test func `Everybody who waited gets one failure, the next one to ask a new run`() async throws {
        let gate = TaskCompletionSource<Void>()
        let runs = Counter()
        let lazy = AsyncLazy<Int>(onFailure: .retry) {
            let run = runs.add()
            try await gate.task.value
            if run == 1 { throw Failure(run) }
            return run
        }
        let askers = (0..<8).map { _ in Task { try await lazy.value() } }
        while runs.value == 0 { await Task.yield() }
        gate.trySetResult()
        for asker in askers { _ = await asker.result }
        #expect(try await lazy.value() == 2)
        #expect(lazy.isStarted && lazy.valueIfMade == 2)
    }

    // Cause: the task-local mark of the factory's run lives on in tasks that the factory started and left behind.
    @Test func `A task that the factory left behind may ask once the value is made`() async throws {
        let made = TaskCompletionSource<Void>()
        let late = TaskCompletionSource<Int>()
        let box = Recorder<AsyncLazy<Int>>()
        let lazy = AsyncLazy<Int> {
            let lazy = box.entries[0]
            // asynclint:ignore:next unobserved-task-error — the lazy value's own error is looked at below
            Task {
                try await made.task.value
                do { late.trySetResult(try await lazy.value()) } catch { late.trySetError(error) }
            }
            return 7
        }
        box.record(lazy)
        #expect(try await lazy.value() == 7)
        made.trySetResult()
        #expect(try await late.task.value == 7)
        // The value and the box hold each other.
        box.removeAll()
    }

    // Cause: the mark of a run named the value, not the run, and outlived the run in tasks that it had left behind.
    @Test func `A task that a failed run left behind may ask for the next run`() async throws {
        let failed = TaskCompletionSource<Void>()
        let late = TaskCompletionSource<Int>()
        let runs = Counter()
        let box = Recorder<AsyncLazy<Int>>()
        let lazy = AsyncLazy<Int>(onFailure: .retry) {
            guard runs.add() == 1 else { return 7 }
            let lazy = box.entries[0]
            // asynclint:ignore:next unobserved-task-error — the lazy value's own error is looked at below
            Task {
                try await failed.task.value
                do { late.trySetResult(try await lazy.value()) } catch { late.trySetError(error) }
            }
            throw Failure(1)
        }
        box.record(lazy)
        await #expect(throws: Failure(1)) { try await lazy.value() }
        failed.trySetResult()
        #expect(try await late.task.value == 7)
        // The value and the box hold each other.
        box.removeAll()
    }
}
