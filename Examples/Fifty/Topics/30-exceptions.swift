import Concerto

func topic30() async throws {
    struct Lost: Error {}
    let told = TaskCompletionSource<String>()
    TaskHandle.onUnobservedError = { told.trySetResult("\($0.error)") }
    _ = Task.run(name: "forgotten") { throw Lost() }
    print("nobody asked, and still it is told: \(try await told.task.value)")
    TaskHandle.onUnobservedError = nil
}
