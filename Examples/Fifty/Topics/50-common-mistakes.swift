import Concerto

func topic50() async throws {
    let (started, closed) = (AsyncManualResetEvent(), Counter())
    @Sendable func close() async throws {
        try await Task.delay(for: .milliseconds(1))  // would fail at once in a cancelled task
        closed.add()
    }
    let task = Task.run {
        do {
            started.set()
            try await Task.delay(for: .seconds(3_600))
        } catch {
            try await withTaskCancellationShield { try await close() }
            throw error
        }
    }
    try await started.wait()
    task.cancel()
    _ = await task.outcome
    while closed.value == 0 { await Task.yield() }
    print("the task: \(task.status), closed \(closed.value) time")
}
