import ConcertoStreams

/// Pages of an API as one stream: nothing is fetched before the loop asks, and no page after it has enough.
func generator() async throws {
    let fetched = Gauge()
    let items = AsyncGenerator<Int> { yield in
        defer { print("left, after \(fetched.most) pages") }
        for page in 1... {
            fetched.enter()  // here a call to the API would be awaited
            for item in 0..<3 { try await yield(page * 10 + item) }
        }
    }
    for try await item in items {
        print("item \(item)")
        if item == 21 { break }
    }
    print("the statement after the loop")
}
