import Concerto

func topic25() async throws {
    let pool = try ThreadPool(.init(minThreads: 2, maxThreads: 2, name: "two"))
    let start = ContinuousClock.now
    let count = try await Task.run(on: pool) {
        try await (1...64).mapConcurrently(limit: 64) { _ in try await Task.delay(for: .milliseconds(50)) }.count
    }.value
    print("\(count) delays on two threads")
    print("sooner than sleeping on two threads (1.6 s): \(ContinuousClock.now - start < .milliseconds(1_600))")
    await pool.shutdown()
}
