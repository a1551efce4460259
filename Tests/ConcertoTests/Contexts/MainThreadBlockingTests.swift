#if os(Linux)
import TestSupport
import Testing

/// Each case is a program with a `main` of its own, which ends with 0 if it held.
@Suite(.serialized) struct MainThreadBlockingTests {
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            // The main actor's work runs in the middle of the call, with a pool and without.
            "pool-main-thread", "stock-main-thread",
            // Also inside work of the main actor, nested.
            "pool-main-actor",
            // Cannot be pumped, on whichever thread Swift runs the main actor: DeadlockError.
            "stock-main-actor",
        ])
    func `runBlocking on the main thread runs the main actor's work, or says that it cannot`(name: String) async throws
    {
        #expect(try await TestProgram("BlockingProgram").run(name).status == 0)
    }
}
#endif
