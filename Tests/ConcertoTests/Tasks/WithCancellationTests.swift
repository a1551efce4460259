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

    // The token is a task-local value, which Swift copies into every task that is started.
    @Test func `work that a request leaves behind is not cancelled with it, F3`() async throws {
        let request = CancellationTokenSource()
        let gate = AsyncManualResetEvent()
        let pool = try ThreadPool(ThreadPool.Configuration(minThreads: 2, name: "left"))
        let work = { @Sendable () async throws -> [Bool] in
            let before = CancellationToken.current == .none
            try await gate.wait()
            let isCancelled = await withCancellationToken { $0.isCancellationRequested }
            let inThread = try blockHere { CancellationToken.current == .none && !Task.isCancelled }
            let inScope = await withDeadline(in: .seconds(1_000)) { CancellationToken.current == .none }
            return [before, !isCancelled, inThread, inScope]
        }
        let (run, unstructured) = await withCancellation(of: request.token) {
            (Task.run(on: pool) { try await work() }, Task(executorPreference: pool) { try await work() })
        }
        request.cancel()
        gate.set()
        #expect(try await run.value == [true, true, true, true])
        #expect(try await unstructured.value == [true, true, true, true])
        await pool.shutdown()
    }

    @Test func `the children of a task have its token: they are part of it, F3`() async throws {
        let request = CancellationTokenSource()
        try await withCancellation(of: request.token) {
            async let one = CancellationToken.current
            #expect(await one == request.token)
            let inLoop = try await (0..<2).mapConcurrently(limit: 2) { _ in CancellationToken.current }
            #expect(inLoop == [request.token, request.token])
            let inGroup = await withTaskGroup(of: CancellationToken.self) { group in
                group.addTask { await withDeadline(in: .seconds(1_000)) { CancellationToken.current } }
                return await group.next()
            }
            #expect(inGroup == request.token)
        }
    }

    @Test func `a scope without a token has none, F3`() async {
        let outer = CancellationTokenSource()
        await withCancellation(of: outer.token) {
            let inner = await withCancellation(of: .none) { CancellationToken.current }
            #expect(inner == .none)
            #expect(CancellationToken.current == outer.token)
        }
    }

    @Test func `a task keeps its name in scopes that run their body in another, F9`() async {
        let source = CancellationTokenSource()
        let names = await Task(name: "mine") { () -> [String?] in
            [
                await withDeadline(in: .seconds(1_000)) { Task.name },
                await withCancellation(of: source.token) { Task.name },
                await withTaskCancellationShield { () async -> String? in
                    await Task.yield()
                    return Task.name
                },
                withTaskCancellationShield { Task.name },
                await withDeadline(in: .seconds(1_000)) { await withCancellation(of: source.token) { Task.name } },
            ]
        }.value
        #expect(names == [String?](repeating: "mine", count: 5))
        let unnamed = await Task { await withDeadline(in: .seconds(1_000)) { Task.name } }.value
        #expect(unnamed == nil)
    }
}

private func blockHere<Success: Sendable>(_ body: @escaping @Sendable () async throws -> Success) throws -> Success {
    try runBlocking(body)
}
