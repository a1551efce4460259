#if Lint
import Foundation
import Testing

@testable import AsyncLint

/// Judges a folder of cases that say in their head which rule they are about and whether it must report them. The folder is named by
/// ASYNCLINT_CORPUS, or lies beside the checkout; without one nothing is to do.
@Suite("A corpus of cases")
struct CorpusTests {
    private static let folder: String? = {
        let candidates = [
            ProcessInfo.processInfo.environment["ASYNCLINT_CORPUS"], Checkout.root + "/../shared/lint-corpus",
        ]
        return candidates.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    @Test("every case is judged as it says", .enabled(if: folder != nil))
    func cases() async throws {
        let folder = try #require(Self.folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
            .sorted()
        let prelude = FileManager.default.contents(atPath: folder + "/prelude.swift").map { Array($0) } ?? []
        for name in names where name != "prelude.swift" {
            let bytes = Array(try #require(FileManager.default.contents(atPath: folder + "/" + name)))
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            func value(_ key: String) -> String? {
                lines.first { $0.hasPrefix("// \(key): ") }.map { String($0.dropFirst(key.count + 5)) }
            }
            guard let rule = value("rule"), let expected = value("expect") else { continue }
            let report = await Linter().lint([
                Linter.Source(path: name, bytes: bytes), Linter.Source(path: "prelude.swift", bytes: prelude),
            ])
            let isReported = report.active.contains {
                $0.path == name && ($0.rule == rule || $0.rule.hasPrefix(rule + "/"))
            }
            #expect(isReported == (expected == "report"), "\(name)")
        }
    }
}
#endif
