#if os(Linux)
import Foundation
import Testing

/// Each case is a program with a `main` of its own, which ends with 0 if it held.
@Suite(.serialized) struct MainThreadBlockingTests {
    @Test(
        .timeLimit(.minutes(1)),
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
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("BlockingProgram")
        program.arguments = [name]
        // The program installs the pool itself, or goes without.
        program.environment = ProcessInfo.processInfo.environment.filter { $0.key != "CONCERTO_POOL" }
        let status = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
                program.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
                do { try program.run() } catch { continuation.resume(throwing: error) }
            }
        } onCancel: {
            program.terminate()
        }
        #expect(status == 0)
    }
}
#endif
