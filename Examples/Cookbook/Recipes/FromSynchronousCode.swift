import Concerto
import Dispatch

/// Asynchronous code from a synchronous function, without the deadlock of a semaphore: the thread is replaced, or its
/// queue goes on being served, while it waits.
func fromSynchronousCode() async throws {
    @Sendable func title() throws -> String {
        try runBlocking {
            try await Task.delay(for: .milliseconds(1))
            return "title"
        }
    }

    // A library that knows no `async` calls back on a thread of its own.
    let titles = TaskCompletionSource<[String]>()
    DispatchQueue.global().async {
        do { titles.trySetResult(try (1...3).map { _ in try title() }) } catch { titles.trySetError(error) }
    }
    print(try await titles.task.value.joined(separator: ", "))
}
