import Concerto
import Dispatch

func topic32() async throws {
    @Sendable func title() throws -> String {
        try runBlocking {
            try await Task.delay(for: .milliseconds(1))
            return "title"
        }
    }
    // A library without `async` calls back on a thread of its own.
    let answer = TaskCompletionSource<String>()
    DispatchQueue.global().async {
        do { answer.trySetResult(try title()) } catch { answer.trySetError(error) }
    }
    print(try await answer.task.value)
}
