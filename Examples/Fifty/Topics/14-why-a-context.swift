import Concerto

/// Lives as long as the program.
private let worldThread = SynchronizationContext.withThread(named: "world")

func topic14() async throws {
    let world = World(worldThread)
    let places = try await (1...800).mapConcurrently(limit: 8) { _ in await world.add() }
    print("\(await world.items) items, all added on the context: \(!places.contains(false))")
}

private actor World {
    private let context: SynchronizationContext
    private(set) var items = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { context.asUnownedSerialExecutor() }

    init(_ context: SynchronizationContext) { self.context = context }

    /// Whether it ran where it should.
    func add() -> Bool {
        items += 1
        return SynchronizationContext.current === context
    }
}
