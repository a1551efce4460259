import Concerto

func topic31() async throws {
    WaitGraph.activate()
    let (orders, accounts) = (AsyncLock(name: "orders"), AsyncLock(name: "accounts"))
    let bothHold = AsyncBarrier(participants: 2)
    @Sendable func transfer(_ first: AsyncLock, _ second: AsyncLock) async throws {
        try await first.withLock {
            _ = try await bothHold.signalAndWait()
            try await second.withLock {}
        }
    }
    let tasks = [
        Task.run(name: "ship") { try await transfer(orders, accounts) },
        Task.run(name: "bill") { try await transfer(accounts, orders) },
    ]
    for task in tasks { _ = await task.outcome }
    for case .failure(let error as DeadlockError)? in tasks.map(\.result) {
        print("DeadlockError with \(error.cycle.count) steps")
    }
    print("one went through: \(tasks.filter { $0.status == .succeeded }.count == 1)")
}
