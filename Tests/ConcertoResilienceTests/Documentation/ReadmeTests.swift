import Concerto
import ConcertoResilience
import Foundation
import Testing

private enum users {
    static func name(of id: Int) async throws -> String { "user \(id)" }
}
private enum client {
    static func get(_ path: String) async throws -> String { path }
}
private func render() async throws -> String { "page" }
private func query() async throws -> Int { 42 }

/// What README.md shows as the library in ten lines, so that it compiles and runs.
@Suite struct ReadmeTests {
    @Test func `the library in ten lines`() async throws {
        let uploads = [TaskHandle { 1 }, TaskHandle { 2 }]
        for upload in uploads { try upload.start() }

        // README: begin
        let names = try await (1...1_000).mapConcurrently(limit: 32) { id in
            try await users.name(of: id)
        }
        let pages = try await Task.whenAll(uploads)
        let page = try await withDeadline(in: .seconds(2)) { try await render() }

        let database = AsyncSemaphore(permits: 8)
        let rows = try await database.withPermit { try await query() }

        let upstream = ResiliencePipeline("users") {
            Retry(maxRetries: 4, backoff: .exponential(base: .milliseconds(100), cap: .seconds(5)))
            CircuitBreaker(failureRatio: 0.5, minimumThroughput: 20, window: .seconds(10), breakFor: .seconds(5))
            Timeout(.seconds(2))
        }
        let user = try await upstream.execute { try await client.get("/users/42") }
        // README: end

        #expect(names.count == 1_000 && names[41] == "user 42")
        #expect(rows == 42 && pages == [1, 2] && page == "page" && user == "/users/42")
    }

    @Test func `the README shows what is compiled here`() throws {
        let readme = try read("README.md")
        let shown = try #require(readme.components(separatedBy: "```swift\nimport Concerto\n").dropFirst().first)
            .components(separatedBy: "```")[0]
        let compiled = try #require(
            try read("Tests/ConcertoResilienceTests/Documentation/ReadmeTests.swift")
                .components(separatedBy: "// README: begin\n").dropFirst().first
        ).components(separatedBy: "// README: end")[0]
        #expect(words(shown).replacing("import ConcertoResilience ", with: "") == words(compiled))
    }

    private func read(_ path: String) throws -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Without comments and however it is laid out.
    private func words(_ code: String) -> String {
        code.split(separator: "\n").map { $0.components(separatedBy: " //")[0] }.joined(separator: " ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
