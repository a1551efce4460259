import Concerto

func topic06() async throws {
    let length = Task.run { "forty-two".count }
    print("value \(try await length.value), and again \(try await length.value)")

    let promise = TaskCompletionSource<String>()
    let reader = Task.run { try await promise.task.value }
    promise.trySetResult("from elsewhere")
    print(try await reader.value)
    print("a second result is refused: \(!promise.trySetResult("late"))")
}
