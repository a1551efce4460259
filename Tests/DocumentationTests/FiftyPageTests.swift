#if os(Linux)
import Foundation
import TestSupport
import Testing

/// The program of each page in docs/fifty prints what the page says, and the table of the fifty topics names what is there.
@Suite struct FiftyPageTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL
    private static let expected = root.appendingPathComponent("Examples/Fifty/expected")

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test(.timeLimit(.minutes(5)), arguments: 1...50)
    func `a topic's program prints what its page says`(topic: Int) async throws {
        let number = topic < 10 ? "0\(topic)" : "\(topic)"
        let expected = try String(contentsOf: Self.expected.appendingPathComponent("\(number).txt"), encoding: .utf8)
        let ending = try await TestProgram("Fifty").run("\(topic)")
        #expect(ending.status == 0, "\(ending.complaints)")
        #expect(ending.output == expected)
    }

    @Test(.timeLimit(.minutes(5))) func `a number that is no topic ends with those there are`() async throws {
        let ending = try await TestProgram("Fifty").run("51")
        #expect(ending.status == 64)
        #expect(ending.output.contains("1 to 50"))
    }

    /// The cells of each row of docs/fifty.md.
    private static func rows() throws -> [[String]] {
        try text("docs/fifty.md").split(separator: "\n").filter { $0.hasPrefix("| [") }.map { row in
            row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    @Test func `no cell of the fifty topics is empty, and each topic has its page`() throws {
        let rows = try Self.rows()
        var topics: [Int] = []
        for row in rows {
            #expect(row.count == 6, "\(row)")
            #expect(!row.contains(""), "\(row)")
            for link in row[0].matches(of: /\[(\d+)\]\((fifty\/(\d\d)-[a-z0-9-]+\.md)\)/) {
                topics.append(Int(link.1)!)
                #expect(Int(link.1) == Int(link.3))
                let page = Self.root.appendingPathComponent("docs/\(link.2)").path
                #expect(FileManager.default.fileExists(atPath: page), "\(link.2)")
            }
        }
        #expect(topics == Array(1...50))
    }

    @Test func `each suite that the fifty topics name exists`() throws {
        var suites: Set<Substring> = []
        let folder = Self.root.appendingPathComponent("Tests")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let source = try String(contentsOf: file, encoding: .utf8)
            for suite in source.matches(of: /(?:struct|class|enum) ([A-Za-z]+Tests)\b/) { suites.insert(suite.1) }
        }
        // A whole target counts: its folder stands under Tests.
        for target in try FileManager.default.contentsOfDirectory(atPath: folder.path) { suites.insert(target[...]) }
        let named = try Self.rows().flatMap { $0[5].matches(of: /`([A-Za-z]+Tests)`/).map(\.1) }
        #expect(named.count >= 50)
        for suite in named { #expect(suites.contains(suite), "docs/fifty.md names \(suite), which is not there") }
    }
}
#endif
