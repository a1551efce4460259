import Concerto

func topic34() async throws {
    let locks = (0..<4).map { AsyncLock(name: "account \($0)") }
    let moved = Counter()
    try await (0..<100).forEachConcurrently(limit: 8) { number in
        let (one, other) = (number % 4, (number + 1 + number % 3) % 4)
        let (first, second) = (min(one, other), max(one, other))  // always in this order
        try await locks[first].withLock {
            try await locks[second].withLock { _ = moved.add() }
        }
    }
    print("\(moved.value) transfers over four locks, none stuck")
}
