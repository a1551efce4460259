#if os(Linux)
import TestSupport
import Testing

/// The examples of the streams page run, and check what they show.
@Suite struct ExampleTests {
    @Test(arguments: ["pages", "import", "prices"]) func `an example of the streams page runs`(name: String)
        async throws
    {
        let ending = try await TestProgram("StreamExamples").run(name)
        #expect(ending.status == 0, "\(ending.complaints)")
    }
}
#endif
