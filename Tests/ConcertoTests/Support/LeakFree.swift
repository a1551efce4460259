import ConcertoTesting
import Testing

/// Checks after every test of a suite that no waiter and no task is left.
struct LeakFree: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withLeakCheck { try await function() }
    }
}

extension Trait where Self == LeakFree {
    static var leakFree: Self { LeakFree() }
}
