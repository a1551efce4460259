#if HTTP
import Concerto
import Testing

/// Tests that let others run until something holds, one after the other: many of them at once would take each other's
/// turns.
struct OneAtATime: SuiteTrait, TestTrait, TestScoping {
    private static let turn = AsyncSemaphore(permits: 1)

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.turn.withPermit { try await function() }
    }

    let isRecursive = true

    /// Each case takes its turn, not its whole suite.
    func scopeProvider(for test: Test, testCase: Test.Case?) -> OneAtATime? { testCase == nil ? nil : self }
}

extension Trait where Self == OneAtATime {
    static var oneAtATime: Self { OneAtATime() }
}
#endif
