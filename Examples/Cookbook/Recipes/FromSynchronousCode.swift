import Concerto

/// Asynchronous code from a synchronous function, without the deadlock of a semaphore: the thread is replaced, or its
/// queue goes on being served, while it waits.
func fromSynchronousCode() throws {
    func title() throws -> String {
        try runBlocking {
            try await Task.delay(for: .milliseconds(1))
            return "title"
        }
    }

    // A callback of a library that knows no `async`.
    let titles = try (1...3).map { _ in try title() }
    print(titles.joined(separator: ", "))
}
