import Concerto

func topic33() async throws {
    let gate = AsyncManualResetEvent()
    let task = Task.run {
        try await gate.wait()
        return "late, but there"
    }
    do {
        _ = try await task.wait(timeout: .milliseconds(5))
    } catch is TimeoutError {
        print("waited long enough; the task runs on: \(!task.isCompleted)")
    }
    gate.set()
    print(try await task.value)
}
