#if Lint
import Foundation
import SwiftParser
import SwiftSyntax
import Testing

@testable import AsyncLint

/// Edits real files at random and lints what still parses: no rule may crash, and every place it names must lie in the file.
@Suite("Random edits of real files")
struct RandomEditTests {
    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let files: [[UInt8]] = {
        let names =
            FileManager.default.enumerator(atPath: Checkout.root + "/Sources")?.compactMap { $0 as? String } ?? []
        let own = names.filter { $0.hasSuffix(".swift") }.sorted().compactMap {
            FileManager.default.contents(atPath: Checkout.root + "/Sources/" + $0).map { Array($0) }
        }
        let examples = MarkedExample.all.map { Array($0.code.utf8) }
        return own.filter { (100..<12_000).contains($0.count) } + examples
    }()

    @Test("never crash a rule")
    func edits() async {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["ASYNCLINT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
        let wanted = environment["ASYNCLINT_EDITS"].flatMap(Int.init) ?? 300
        print("random edits: seed \(seed), \(wanted) edits; ASYNCLINT_SEED and ASYNCLINT_EDITS change them")
        var generator = Generator(state: seed)
        var configuration = Configuration()
        configuration.enablesEverything = true
        let linter = Linter(configuration: configuration, workers: 1)
        var valid = 0
        var tries = 0
        while valid < wanted, tries < wanted * 20 {
            tries += 1
            var bytes = Self.files.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...4, using: &generator) { bytes = Self.edit(bytes, &generator) }
            let report = await linter.lint([Linter.Source(path: "edited.swift", bytes: bytes)])
            guard !report.findings.contains(where: { $0.rule == "unparsable-file" }) else { continue }
            valid += 1
            for finding in report.findings {
                #expect(finding.start.offset < finding.end.offset && finding.end.offset <= bytes.count)
                for fix in finding.fixes {
                    let inside = fix.edits.allSatisfy { 0 <= $0.start && $0.start <= $0.end && $0.end <= bytes.count }
                    #expect(inside)
                }
            }
            _ = try? StateMachine.machines(in: Linter.Source(path: "edited.swift", bytes: bytes)).map {
                $0.text + $0.mermaid
            }
        }
        #expect(valid == wanted, "too few edits parse: \(valid) of \(tries)")
    }

    private static func edit(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
        let tree = bytes.withUnsafeBufferPointer { Parser.parse(source: $0) }
        var statements: [Range<Int>] = []
        var expressions: [Range<Int>] = []
        tree.traverse { node in
            let range =
                node.positionAfterSkippingLeadingTrivia
                .utf8Offset..<max(
                    node.endPositionBeforeTrailingTrivia.utf8Offset, node.positionAfterSkippingLeadingTrivia.utf8Offset)
            if node.is(CodeBlockItemSyntax.self) {
                statements.append(range)
            } else if node.is(ExprSyntax.self) {
                expressions.append(range)
            }
            return .into
        }
        func replaced(_ range: Range<Int>, by text: [UInt8]) -> [UInt8] {
            Array(bytes[..<range.lowerBound]) + text + Array(bytes[range.upperBound...])
        }
        guard let statement = statements.randomElement(using: &generator) else { return bytes }
        let text = Array(bytes[statement])
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: return replaced(statement, by: [])
        case 1: return replaced(statement, by: text + Array("\n".utf8) + text)
        case 2:
            let other = Array(bytes[statements.randomElement(using: &generator)!])
            return replaced(statement, by: other)
        case 3: return replaced(statement, by: Array("Task { ".utf8) + text + Array(" }".utf8))
        case 4: return replaced(statement, by: Array("while true { ".utf8) + text + Array("\n}".utf8))
        case 5: return replaced(statement, by: Array("do { ".utf8) + text + Array("\n} catch { }".utf8))
        case 6: return replaced(statement, by: Array("if flag { ".utf8) + text + Array("\n}".utf8))
        case 7:
            guard let expression = expressions.randomElement(using: &generator) else { return bytes }
            return replaced(expression, by: Array("(try await ".utf8) + Array(bytes[expression]) + Array(")".utf8))
        default:
            guard let expression = expressions.randomElement(using: &generator),
                let other = expressions.randomElement(using: &generator)
            else { return bytes }
            return replaced(expression, by: Array(bytes[other]))
        }
    }
}
#endif
