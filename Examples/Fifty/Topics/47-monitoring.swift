import Concerto

func topic47() async throws {
    let pool = try ThreadPool(.init(minThreads: 2, name: "observed"))
    let (gate, database) = (AsyncManualResetEvent(), AsyncSemaphore(permits: 1))
    let queries = (1...5).map { _ in
        Task.run(on: pool) { try await database.withPermit { try await gate.wait() } }
    }
    while database.statistics.waiters < 4 || gate.statistics.waiters < 1 { await Task.yield() }
    print("queries that wait for their turn: \(database.statistics.waiters)")
    gate.set()
    _ = try await Task.whenAll(queries)
    print("all that ever waited: \(database.statistics.waits)")
    print("the pool counts its jobs: \(pool.statistics.jobsCompleted > 0)")
    await pool.shutdown()
}
