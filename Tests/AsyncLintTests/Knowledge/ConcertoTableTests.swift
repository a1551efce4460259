#if Lint
import Foundation
import Testing

@testable import AsyncLint

/// What `asynclint-apis.yml` at the root of this package tells about Concerto's own API.
@Suite("Concerto's API table")
struct ConcertoTableTests {
    private static let table = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../asynclint-apis.yml").standardizedFileURL

    private func rules(_ code: String, withTable: Bool = true) async throws -> [String] {
        var configuration = try Configuration(yaml: "", source: "test")
        if withTable {
            try configuration.addAPITable(
                yaml: try String(contentsOf: Self.table, encoding: .utf8), source: "asynclint-apis.yml")
        }
        return await Linter(configuration: configuration, workers: 1)
            .lint([Linter.Source(path: "Sources/App/a.swift", text: code)]).active.map(\.rule)
    }

    @Test(
        "a mistake in Concerto's words is found with the table, and not without",
        arguments: [
            ("func f() { Task.run { usleep(10) } }", "blocking-call-in-async"),
            (
                "func f() async throws { try await xs.mapConcurrently(limit: 3) { _ in usleep(10) } }",
                "blocking-call-in-async"
            ),
            (
                "func f() async throws { try await xs.forEachConcurrently(limit: 3) { _ in usleep(10) } }",
                "blocking-call-in-async"
            ),
            (
                """
                func f() async throws {
                    for _ in 0..<3 {
                        if await ok() { return }
                        try? await Task.delay(for: .seconds(1))
                    }
                }
                """, "sleep-cancellation-swallowed"
            ),
            (
                """
                func f() -> Int {
                    let done = DispatchSemaphore(value: 0)
                    Task.run {
                        await work()
                        done.signal()
                    }
                    done.wait()
                    return 1
                }
                """, "sync-over-async-bridge"
            ),
        ])
    func findings(code: String, rule: String) async throws {
        #expect(try await rules(code) == [rule])
        #expect(try await rules(code, withTable: false).isEmpty)
    }

    @Test("a dropped `Task.run` is no lost error: Concerto tells of it")
    func observed() async throws {
        #expect(try await rules("func f() { Task.run { try await save(1) } }").isEmpty)
    }
}
#endif
