import Concerto

/// Lives as long as the program.
private let interface = SynchronizationContext.withThread(named: "interface")

func topic15() async throws {
    @Sendable func isThere() -> Bool { SynchronizationContext.current === interface }
    let seen = try await Task.run(on: interface) {
        let before = isThere()
        let inside = await withoutContext { isThere() }
        return [before, inside, isThere()]
    }.value
    print("before: \(seen[0]), inside withoutContext: \(seen[1]), behind it: \(seen[2])")
}
