import Concerto

/// Two tasks that take two locks in different order: the one that would close the circle gets an error that names both.
func deadlock() async throws {
    WaitGraph.activate()
    let (orders, accounts) = (AsyncLock(name: "orders"), AsyncLock(name: "accounts"))
    let bothHold = AsyncBarrier(participants: 2)

    @Sendable func transfer(_ name: String, _ first: AsyncLock, _ second: AsyncLock) -> TaskHandle<Void> {
        Task.run(name: name) {
            try await first.withLock {
                _ = try await bothHold.signalAndWait()
                try await second.withLock {}
            }
        }
    }
    let tasks = [transfer("ship", orders, accounts), transfer("bill", accounts, orders)]
    for task in tasks { _ = await task.outcome }
    let failed = tasks.filter { $0.status == .failed }
    print("\(failed.count) of two tasks got a DeadlockError, the other one went through")
    if case .failure(let error as DeadlockError)? = failed.first?.result {
        print("it names \(error.cycle.count) steps of the circle")
    }
}
