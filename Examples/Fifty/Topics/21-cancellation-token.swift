import Concerto

func topic21() async throws {
    let source = CancellationTokenSource()
    source.token.register { print("the callback ran") }
    let task = Task.run(cancellation: source.token) { try await Task.delay(for: .seconds(3_600)) }
    source.cancel()
    _ = await task.outcome
    print("the task: \(task.status)")

    let linked = CancellationTokenSource(linkedTo: source.token)
    print("a linked source is cancelled too: \(linked.isCancellationRequested)")
}
