import ConcertoResilience
import Testing

struct FallbackTests {
    @Test func aFailureIsReplaced() async throws {
        let pipeline = ResiliencePipeline {
            Fallback { _ in "stale" }
            Retry(maxRetries: 1, backoff: .none)
        }
        let value = try await pipeline.execute { () async throws -> String in throw Failure() }
        #expect(value == "stale")
        #expect(try await pipeline.execute { "fresh" } == "fresh")
    }

    @Test func anUnwantedResultIsReplaced() async throws {
        let fallback = Fallback(results: ResultPredicate { (value: Int) in value < 0 }) { error in
            #expect(error is UnwantedResultError)
            return 0
        }
        #expect(try await fallback.execute { -5 } == 0)
        #expect(try await fallback.execute { 5 } == 5)
    }

    @Test func cancellationAndUnhandledErrorsPass() async {
        let fallback = Fallback(shouldHandle: { ($0 as? Failure)?.number == 1 }) { _ in 0 }
        await #expect(throws: CancellationError.self) {
            try await fallback.execute { () async throws -> Int in throw CancellationError() }
        }
        await #expect(throws: Failure(number: 2)) {
            try await fallback.execute { () async throws -> Int in throw Failure(number: 2) }
        }
    }

    /// Regression: an error of a cancelled task passed, but an unwanted result was replaced.
    @Test func aCancelledCallerGetsItsUnwantedResult() async throws {
        let fallback = Fallback(results: ResultPredicate { (value: Int) in value < 0 }) { _ in 0 }
        let task = Task {
            try await fallback.execute {
                withUnsafeCurrentTask { $0?.cancel() }
                return -5
            }
        }
        #expect(try await task.value == -5)
    }

    @Test func aThrowingActionReplacesTheError() async {
        let fallback = Fallback { _ async throws -> Int in throw Failure(number: 9) }
        await #expect(throws: Failure(number: 9)) {
            try await fallback.execute { () async throws -> Int in throw Failure(number: 1) }
        }
    }

    @Test func aValueOfAnotherTypeIsAClearError() async {
        let fallback = Fallback { _ in "text" }
        do {
            _ = try await fallback.execute { () async throws -> Int in throw Failure() }
            Issue.record("should have thrown")
        } catch {
            #expect("\(error)" == "The execution was to return a Int, but a fallback gave a String.")
        }
    }
}

struct OptionalResultTests {
    /// A pipeline that looks at results keeps them in an `Any`: `nil` must come out as a result, not as a missing one.
    @Test func anAbsentValueIsAResult() async throws {
        let fallback = Fallback { _ -> Int? in 7 }
        #expect(try await fallback.execute { () -> Int? in nil } == nil)
        #expect(try await fallback.execute { () -> Int? in 5 } == 5)
        #expect(try await fallback.execute { () async throws -> Int? in throw Failure() } == 7)
        try await fallback.execute {}
    }
}
