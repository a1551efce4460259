#if os(Linux)
import Foundation
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

    // Newcomers met it: no blocking report, since a context's thread is no worker; the most classic of all deadlocks.
    @Test(.disabled(if: isThreadSanitized))
    func `a semaphore on a context's thread is reported, by the context's name`() async throws {
        let run = try await TestProgram("BlockingProgram").run("context-semaphore")
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("thread interface ("), "\(run.output)")
        #expect(run.output.contains("waitOnTheContext"), "\(run.output)")
        #expect(!run.output.contains("SynchronizationContext.run"), "\(run.output)")
        #expect(!run.output.contains("thread pumping"), "\(run.output)")
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        guard folders.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/llvm-symbolizer") })
        else { return }
        #expect(run.output.contains(" at BlockingProgram.swift:"), "\(run.output)")
    }
}
#endif
