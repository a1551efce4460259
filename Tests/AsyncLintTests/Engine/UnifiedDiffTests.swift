#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("Unified diffs")
struct UnifiedDiffTests {
    private func diff(_ old: String, _ new: String) -> String {
        UnifiedDiff.text(path: "a.swift", from: Array(old.utf8), to: Array(new.utf8))
    }

    @Test("nothing changes, nothing is said")
    func equal() { #expect(diff("a\nb\n", "a\nb\n").isEmpty) }

    @Test("a changed line has three lines around it")
    func changed() {
        let old = (1...9).map { "\($0)\n" }.joined()
        #expect(
            diff(old, old.replacing("5", with: "x"))
                == "--- a/a.swift\n+++ b/a.swift\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n")
    }

    @Test("a line is added at the end of a text without a newline there")
    func end() {
        #expect(
            diff("a", "a\nb")
                == "--- a/a.swift\n+++ b/a.swift\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n"
        )
    }

    @Test("changes far apart are hunks of their own, and `patch` makes the new text of them")
    func patch() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let old = (0..<60).map { "line \($0)" }
            var new = old
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let at = Int.random(in: 0..<new.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: new[at] = "changed \(at)"
                case 1: new.insert("new \(at)", at: at)
                default: new.remove(at: at)
                }
            }
            let before = old.joined(separator: "\n") + "\n"
            let after = new.joined(separator: "\n") + "\n"
            #expect(try patched(before, diff(before, after)) == after, "\(diff(before, after))")
        }
    }

    /// Applies a diff by its line numbers, as `patch` does.
    private func patched(_ text: String, _ diff: String) throws -> String {
        let old = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        var result: [String] = []
        var position = 0
        for line in diff.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2).dropLast() {
            if line.hasPrefix("@@ -") {
                let start = try #require(Int(line.dropFirst(4).prefix { $0.isNumber }))
                while position < start - 1 {
                    result.append(old[position])
                    position += 1
                }
            } else if line.hasPrefix("+") {
                result.append(String(line.dropFirst()))
            } else {
                try #require(position < old.count && old[position] == line.dropFirst())
                if line.hasPrefix(" ") { result.append(old[position]) }
                position += 1
            }
        }
        return (result + old[position...]).joined(separator: "\n") + "\n"
    }
}
#endif
