import Foundation
import Testing

@Suite struct FromDotNetTests {
    private func read(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func `Every Swift snippet of the page is in a file that compiles`() throws {
        let compiled = try read("Tests/ConcertoTests/Documentation/FromDotNetSnippets.swift")
        let blocks = try read("docs/from-dotnet.md").components(separatedBy: "```swift\n").dropFirst().map {
            String($0.prefix(upTo: $0.range(of: "```")?.lowerBound ?? $0.endIndex))
        }
        #expect(!blocks.isEmpty)
        for block in blocks {
            // The formatter owns the spaces in the file.
            #expect(words(compiled).contains(words(block)), "not compiled anywhere:\n\(block)")
        }
    }

    @Test func `Every name in the page's table is used in a file that compiles`() throws {
        let compiled = try read("Tests/ConcertoTests/Documentation/FromDotNetSnippets.swift")
        var count = 0
        for line in try read("docs/from-dotnet.md").split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 2, cells[0] != ".NET" else { continue }
            // What stands between backquotes, up to what differs from use to use.
            for (index, span) in cells[1].components(separatedBy: "`").enumerated() where index % 2 == 1 {
                for part in span.components(separatedBy: " + ") {
                    let name = part.prefix { $0.isLetter || $0.isNumber || "@._".contains($0) }
                    guard !["async", "await"].contains(name) else { continue }
                    count += 1
                    #expect(
                        name.split(separator: ".").allSatisfy { compiled.contains($0) },
                        "the page says `\(span)`, which nothing here uses")
                }
            }
        }
        #expect(count > 40)
    }

    private func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
