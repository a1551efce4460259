#if os(Linux)
import Foundation
import TestSupport
import Testing

/// Each step of docs/tutorial.md prints what the page says.
@Suite struct TutorialPageTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Examples/tutorial").standardizedFileURL

    @Test(.timeLimit(.minutes(5)), arguments: 1...7)
    func `a step prints what the tutorial says`(step: Int) async throws {
        let expected = try String(
            contentsOf: Self.folder.appendingPathComponent("expected/\(step).txt"), encoding: .utf8)
        let ending = try await TestProgram("Tutorial\(step)").run("")
        #expect(ending.status == 0, "\(ending.complaints)")
        #expect(ending.output == expected)
    }
}
#endif
