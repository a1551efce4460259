import Concerto
import Testing

/// Tests that let others run until something holds, one after the other: many of them at once would take each other's
/// turns. Each has five minutes from its turn on; a time limit of the testing library's would count the wait for it.
package struct OneAtATime: SuiteTrait, TestTrait, TestScoping {
    private static let turn = AsyncSemaphore(permits: 1)
    private static let limit = Duration.seconds(300)

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.turn.withPermit {
            let start = ContinuousClock.now
            try await withDeadline(in: Self.limit) { try await function() }
            if ContinuousClock.now - start >= Self.limit {
                Issue.record("not through within \(Self.limit) of its turn")
            }
        }
    }

    package let isRecursive = true

    /// Each case takes its turn, not its whole suite.
    package func scopeProvider(for test: Test, testCase: Test.Case?) -> OneAtATime? { testCase == nil ? nil : self }
}

extension Trait where Self == OneAtATime {
    package static var oneAtATime: Self { OneAtATime() }
}
