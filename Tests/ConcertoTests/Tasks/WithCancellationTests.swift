import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct WithCancellationTests {
    let executor = ManualExecutor()

    @Test func `A cancelled token cancels the body only, and the body is waited for`() throws {
        let source = CancellationTokenSource()
        let log = Recorder<String>()
        let gate = TaskCompletionSource<Void>()
        executor.task {
            await withCancellation(of: source.token) {
                await gate.task.settled()
                log.record("body cancelled: \(Task.isCancelled)")
            }
            log.record("caller cancelled: \(Task.isCancelled)")
        }
        executor.runUntilIdle()
        source.cancel()
        executor.runUntilIdle()
        #expect(log.entries.isEmpty, "the body has not ended")
        gate.trySetResult()
        executor.runUntilIdle()
        #expect(log.entries == ["body cancelled: true", "caller cancelled: false"])
    }

    @Test func `A token that is cancelled already starts the body cancelled; the caller's cancellation reaches it too`()
        async
    {
        let cancelled = await withCancellation(of: .cancelled) { Task.isCancelled }
        #expect(cancelled)
        let source = CancellationTokenSource()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await withCancellation(of: source.token) { Task.isCancelled }
        }
        #expect(await task.value)
    }

    @Test func `The body stays on the caller's actor and keeps task-local values`() async {
        let source = CancellationTokenSource()
        await Task { @MainActor in
            await Local.$value.withValue(5) {
                await withCancellation(of: source.token) {
                    MainActor.assertIsolated()
                    #expect(Local.value == 5)
                    await Task.yield()
                    MainActor.assertIsolated()
                }
            }
        }.value
    }

    @Test func `CancellationToken.current follows the running task through scopes that use another one`() async throws {
        let source = CancellationTokenSource()
        #expect(CancellationToken.current == .none)
        await withCancellation(of: source.token) { #expect(CancellationToken.current == source.token) }
        let run = Task.run(cancellation: source.token) {
            await withDeadline(in: .seconds(100)) { CancellationToken.current }
        }
        #expect(try await run.value == source.token)
        let task = Task {
            await withCancellationToken { token in
                withUnsafeCurrentTask { $0?.cancel() }
                return (token.isCancellationRequested, CancellationToken.current == token)
            }
        }
        #expect(await task.value == (true, true))
    }
}
