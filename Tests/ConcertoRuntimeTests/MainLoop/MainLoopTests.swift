#if os(Linux)
import TestSupport
import Testing

/// Each case is a program with a `main` of its own, which ends with 0 if it held.
@Suite struct MainLoopTests {
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            // Once hung: the turn of the main actor on the main queue never ended.
            "busy-main-actor",
            // Once lost: two of 2,000 jobs, which came between the pump's last look and its end.
            "left-over-jobs",
            // Once trapped: the main queue runs on any thread after `dispatchMain`.
            "dispatch-main",
        ])
    func `the main loop keeps its promises to a main thread`(name: String) async throws {
        #expect(try await TestProgram("PoolProgram").run(name).status == 0)
    }
}
#endif
