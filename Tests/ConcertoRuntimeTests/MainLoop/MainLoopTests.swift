#if os(Linux)
import Foundation
import Testing

/// Each case is a program with a `main` of its own, which ends with 0 if it held.
@Suite struct MainLoopTests {
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            // Once hung: the turn of the main actor on the main queue never ended.
            "busy-main-actor",
            // Once lost: two of 2,000 jobs, which came between the pump's last look and its end.
            "left-over-jobs",
            // Once trapped: the main queue runs on any thread after `dispatchMain`.
            "dispatch-main",
        ])
    func `the main loop keeps its promises to a main thread`(name: String) async throws {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("MainLoopProgram")
        program.arguments = [name]
        // The program installs the pool itself.
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
