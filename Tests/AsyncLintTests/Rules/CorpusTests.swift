#if Lint
import Foundation
import Testing

@testable import AsyncLint

/// Judges folders of cases that say in their head which rule they are about and whether it must report them. ASYNCLINT_CORPUS names
/// them, with a colon between two, or they lie beside the checkout; without one nothing is to do.
@Suite("A corpus of cases")
struct CorpusTests {
    private static let folders: [String] = {
        let named = ProcessInfo.processInfo.environment["ASYNCLINT_CORPUS"].map {
            $0.split(separator: ":").map(String.init)
        }
        let candidates = named ?? ["lint-corpus", "lint-corpus-2"].map { Checkout.root + "/../shared/" + $0 }
        return candidates.filter { FileManager.default.fileExists(atPath: $0) }
    }()

    @Test(
        "every case is judged as it says, by its rule, opt-in or not", .enabled(if: !folders.isEmpty),
        arguments: folders)
    func cases(_ folder: String) async throws {
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
            var configuration = Configuration()
            configuration.enabled = [rule]
            let report = await Linter(configuration: configuration).lint([
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
