import Concerto
import Foundation

/// A C library that blocks its thread: 64 calls of 20 ms each, on a pool that replaces blocked threads.
func blockingLibrary() async throws {
    let pool = try ThreadPool(.init(minThreads: 2, name: "library"))
    let start = ContinuousClock.now
    let results = try await Task.run(on: pool) {
        try await (1...64).mapConcurrently(limit: 64) { number in
            _ = withBlocking { usleep(20_000) }  // says so; without it the pool finds out in some milliseconds
            return number
        }
    }.value
    let time = ContinuousClock.now - start
    print("\(results.count) blocking calls on a pool of two threads")
    print("faster than one after the other on two threads (640 ms): \(time < .milliseconds(640))")
    await pool.shutdown()
}
