#if os(Linux)
import Foundation
import TestSupport
import Testing

/// In a process of its own: its tasks would be in the dumps of every other test. `CONCERTO_MEASURE=1` prints what it costs;
/// on a quiet machine, of a release build: `DiagnosticsProgram dump-many`.
@Suite(.timeLimit(.minutes(5))) struct LargeDumpTests {
    @Test func `D10: 100,000 waiting tasks are one group, and what runs goes on while they are read`() async throws {
        let ending = try await TestProgram("DiagnosticsProgram").run("dump-many")
        #expect(ending.status == 0, "\(ending.complaints)")
        let costs = try #require(
            try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Double], "\(ending.output)")
        #expect(costs["listed"] == 100_000)
        #expect(costs["largest_group"] == 100_000)
        #expect(costs["turns_beside"] ?? 0 > 0)
        if ProcessInfo.processInfo.environment["CONCERTO_MEASURE"] != nil { print(ending.output) }
    }
}
#endif
