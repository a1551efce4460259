import Concerto

/// Many want the same value: the first one makes it, the others wait for it.
func leaderFollowers() async throws {
    let made = Gauge()
    let configuration = AsyncLazy {
        made.enter()
        try await Task.delay(for: .milliseconds(5))
        return "configuration"
    }
    let values = try await (1...100).mapConcurrently(limit: 100) { _ in try await configuration.value() }
    print("\(values.count) callers, made \(made.most) time")
}
