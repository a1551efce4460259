import Concerto

func topic46() async throws {
    WaitGraph.activate()
    let orders = AsyncLock(name: "orders")
    let gate = AsyncManualResetEvent()
    let slow = Task.run(name: "export") { try await orders.withLock { try await gate.wait() } }
    while WaitGraph.snapshot.holdings.isEmpty { await Task.yield() }
    let quick = Task.run(name: "request 7") { try await orders.withLock {} }
    while !WaitGraph.snapshot.waits.contains(where: { $0.party.name == "request 7" }) { await Task.yield() }

    for wait in WaitGraph.snapshot.waits where wait.hasOwner {
        print("\(wait.party.name!) waits for \(wait.resource.text)")
    }
    for holding in WaitGraph.snapshot.holdings {
        print("\(holding.party.name!) holds \(holding.resource.text)")
    }
    gate.set()
    _ = try await Task.whenAll(slow, quick)
}
