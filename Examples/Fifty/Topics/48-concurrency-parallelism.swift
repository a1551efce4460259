import Concerto

func topic48() async throws {
    let one = try ThreadPool(.init(minThreads: 1, maxThreads: 1, name: "one thread"))
    let start = ContinuousClock.now
    let places = try await Task.run(on: one) {
        try await (1...64).mapConcurrently(limit: 64) { _ in
            try await Task.delay(for: .milliseconds(50))
            return ThreadPool.current === one
        }
    }.value
    print("\(places.count) waits, all on one thread: \(!places.contains(false))")
    print("sooner than one after the other (3.2 s): \(ContinuousClock.now - start < .milliseconds(3_200))")
    await one.shutdown()
}
