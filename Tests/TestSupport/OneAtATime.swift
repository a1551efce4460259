import Concerto
import Testing

/// Tests that let others run until something holds, one after the other: many of them at once would take each other's
/// turns.
package struct OneAtATime: SuiteTrait, TestTrait, TestScoping {
    private static let turn = AsyncSemaphore(permits: 1)

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.turn.withPermit { try await function() }
    }

    package let isRecursive = true

    /// Each case takes its turn, not its whole suite.
    package func scopeProvider(for test: Test, testCase: Test.Case?) -> OneAtATime? { testCase == nil ? nil : self }
}

extension Trait where Self == OneAtATime {
    package static var oneAtATime: Self { OneAtATime() }
}
