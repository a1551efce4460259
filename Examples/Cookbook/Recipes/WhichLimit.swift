import Concerto
import ConcertoResilience

/// Five ways to limit a wait, and what each of them ends with.
func whichLimit() async throws {
    @Sendable func slow() async throws { try await Task.delay(for: .seconds(3_600)) }

    await report("withDeadline") { try await withDeadline(in: .milliseconds(1)) { try await slow() } }
    await report("Timeout") { try await Timeout(.milliseconds(1)).execute { try await slow() } }
    let task = Task.run { try await slow() }
    await report("task.wait") { try await task.wait(timeout: .milliseconds(1)) }
    print("  the task: \(task.isCompleted ? "ended" : "runs on")")
    task.cancel()
    let source = try CancellationTokenSource(cancelAfter: .milliseconds(1))
    await report("a token") { try await withCancellation(of: source.token) { try await slow() } }
    let semaphore = AsyncSemaphore(permits: 1)
    try await semaphore.withPermit {
        print("semaphore.acquire(timeout:): \(try await semaphore.acquire(timeout: .milliseconds(1)))")
    }

    func report(_ what: String, _ body: () async throws -> Void) async {
        do { try await body() } catch { print("\(what): \(type(of: error))") }
    }
}
