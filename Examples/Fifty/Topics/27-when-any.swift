import Concerto

func topic27() async throws {
    struct Down: Error {}
    let answer = try await Task.firstSuccess(of: ["down", "quick", "slow"]) { mirror in
        if mirror == "down" { throw Down() }
        if mirror == "slow" { try await Task.delay(for: .seconds(3_600)) }
        return mirror
    }
    print("the first success: \(answer)")

    let never = TaskCompletionSource<String>()
    let first = try await Task.whenAny(never.task, Task.run { "ready" })
    print("the first that ended: \(try await first.value), the other one goes on: \(!never.task.isCompleted)")
    never.trySetCancelled()
}
