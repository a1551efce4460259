import Concerto
import ConcertoTesting
import Testing

/// F1: in optimised builds `addTask(executorPreference: nil)` does not inherit, so that every child ran on the process's
/// executor. Debug builds always passed.
@Suite(.leakFree) struct ChildPlacementTests {
    let recorder = Recorder<Bool>()

    /// Runs `body` on a pool of its own and expects that everything it recorded ran there too.
    private func onOwnPool(
        _ body: @escaping @Sendable (@escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        let pool = try ThreadPool(ThreadPool.Configuration(minThreads: 2, name: "own"))
        let (recorder, look) = (recorder, { @Sendable in self.recorder.record(ThreadPool.current === pool) })
        try await Task.run(on: pool) { try await body(look) }.value
        #expect(!recorder.entries.isEmpty)
        #expect(recorder.entries.allSatisfy { $0 })
        await pool.shutdown()
    }

    @Test func `the bodies of loops over a sequence stay on the caller's pool, F1`() async throws {
        try await onOwnPool { look in
            try await (0..<8).forEachConcurrently(limit: 3) { _ in look() }
            _ = try await (0..<8).mapConcurrently(limit: 3) { _ in look() }
            try await Parallel.forEach(0..<8) { _ in look() }
        }
        #expect(recorder.count == 24)
    }

    @Test func `the bodies of loops over an asynchronous sequence stay on the caller's pool, F1`() async throws {
        try await onOwnPool { look in
            let channel = UnboundedChannel<Int>()
            for number in 0..<8 { _ = channel.tryWrite(number) }
            channel.tryComplete()
            try await channel.forEachConcurrently(limit: 3) { _ in look() }
        }
        #expect(recorder.count == 8)
    }

    @Test func `the operations of combinators stay on the caller's pool, F1`() async throws {
        try await onOwnPool { look in
            let operation = { @Sendable () async throws in look() }
            _ = try await Task.whenAll([operation, operation])
            try await Task.race(operation, operation)
            try await Task.firstSuccess(operation, operation)
            try await Task.firstSuccess(of: 0..<2) { _ in look() }
        }
    }

    @Test func `children stay on the pool that withTaskExecutorPreference names, F1`() async throws {
        let pool = try ThreadPool(ThreadPool.Configuration(minThreads: 2, name: "own"))
        let stayed = try await withTaskExecutorPreference(pool) {
            try await (0..<8).mapConcurrently(limit: 3) { _ in ThreadPool.current === pool }
        }
        #expect(stayed == [Bool](repeating: true, count: 8))
        await pool.shutdown()
    }

    @Test func `a manual executor drives the children of combinators, F1`() throws {
        let executor = ManualExecutor()
        let values = try executor.run {
            let sums = try await (0..<8).mapConcurrently(limit: 3) { number in
                await Task.yield()
                return number
            }
            let both = try await Task.whenAll([{ @Sendable in 1 }, { @Sendable in 2 }])
            return sums + both
        }
        #expect(values == [0, 1, 2, 3, 4, 5, 6, 7, 1, 2])
    }
}
