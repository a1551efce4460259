#if os(Linux)
import Foundation
import TestSupport
import Testing

/// The programs of docs/cookbook.md print what the page says.
@Suite struct CookbookTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Examples/Cookbook").standardizedFileURL

    static let names: [String] =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("expected").path))?
        .filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted() ?? []

    @Test func `there are sixteen recipes`() { #expect(Self.names.count == 16) }

    @Test(.timeLimit(.minutes(5)), arguments: names)
    func `a recipe prints what the cookbook says`(name: String) async throws {
        let expected = try String(
            contentsOf: Self.folder.appendingPathComponent("expected/\(name).txt"), encoding: .utf8)
        let ending = try await TestProgram("Cookbook").run(name)
        #expect(ending.status == 0, "\(ending.complaints)")
        #expect(ending.output == expected)
    }

    @Test(.timeLimit(.minutes(5))) func `a name that is no recipe ends with the list of those there are`() async throws
    {
        let ending = try await TestProgram("Cookbook").run("many-cals")
        #expect(ending.status == 64)
        #expect(ending.output.contains("many-calls"))
    }
}
#endif
