import ConcertoResilience
import Testing

struct TypedFallbackTests {
    @Test func `a fallback of the call's own type stands in for a failure`() async throws {
        let retry = Retry(maxRetries: 1, backoff: .none)
        let calls = Counter()
        let value: String = try await retry.execute(fallback: { error in "stale, because of \(error)" }) {
            calls.increment()
            throw Failure(number: 3)
        }
        #expect(value == "stale, because of Failure(number: 3)" && calls.value == 2)
        #expect(try await retry.execute(fallback: { _ in 0 }) { 7 } == 7)
    }

    @Test func `neither cancellation nor a failure in a cancelled task is replaced`() async throws {
        let pipeline = ResiliencePipeline {}
        await #expect(throws: CancellationError.self) {
            try await pipeline.execute(fallback: { _ in 0 }) { throw CancellationError() }
        }
        let task = Task {
            try await pipeline.execute(fallback: { _ in 0 }) {
                withUnsafeCurrentTask { $0?.cancel() }
                throw Failure()
            }
        }
        await #expect(throws: Failure.self) { try await task.value }
        await #expect(throws: Failure(number: 2)) {
            try await pipeline.execute(fallback: { _ in throw Failure(number: 2) }) { () -> Int in
                throw Failure(number: 1)
            }
        }
    }
}
