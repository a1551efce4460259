#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("The cache of reports")
struct ResultCacheTests {
    private let folder = NSTemporaryDirectory() + "asynclint-cache-\(UUID().uuidString)"

    private func write(_ text: String, _ name: String) throws {
        try FileManager.default.createDirectory(atPath: folder + "/src", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/src/" + name))
    }

    private func run(_ salt: String = "") async throws -> Linter.Report {
        try await Linter(workers: 1).lint(
            paths: ["."], root: folder + "/src", cache: ResultCache(folder: folder + "/cache", salt: salt))
    }

    private var entries: Int { (try? FileManager.default.contentsOfDirectory(atPath: folder + "/cache").count) ?? 0 }

    @Test("a second run over the same texts gets the same report, and another text, name or configuration another")
    func keys() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("func f() async { usleep(1) }", "a.swift")
        let first = try await run()
        let second = try await run()
        #expect(ReportFormat.json.render(first) == ReportFormat.json.render(second))
        #expect(entries == 1)
        _ = try await run("another configuration")
        #expect(entries == 2)
        try write("func f() async { usleep(1); sleep(1) }", "a.swift")
        #expect(try await run().active.count == 2)
        #expect(entries == 3)
        try FileManager.default.moveItem(atPath: folder + "/src/a.swift", toPath: folder + "/src/b.swift")
        #expect(try await run().active.map(\.path) == ["b.swift", "b.swift"])
        #expect(entries == 4)
    }

    @Test("an entry that cannot be read is none, and old ones go")
    func damage() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("func f() async { usleep(1) }", "a.swift")
        _ = try await run()
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder + "/cache").first)
        try Data("damaged".utf8).write(to: URL(fileURLWithPath: folder + "/cache/" + name))
        #expect(try await run().active.count == 1)
        for number in 0..<40 { _ = try await run("\(number)") }
        #expect(entries == 32)
    }

    @Test("hashes differ by every byte and by the length")
    func hashes() {
        let text = Array("func f() async { await work() }".utf8)
        var seen: Set<String> = [ContentHash(text).text]
        for index in text.indices {
            var other = text
            other[index] ^= 1
            #expect(seen.insert(ContentHash(other).text).inserted)
            #expect(seen.insert(ContentHash(Array(text[..<index])).text).inserted)
        }
        #expect(seen.insert(ContentHash(text + [0]).text).inserted)
    }
}
#endif
