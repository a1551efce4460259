import ConcertoResilience
import Foundation
import Testing

@Suite struct FromPollyTests {
    private func read(_ path: String) throws -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    private func words(_ code: String) -> String {
        code.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test func `every Swift snippet of the page is in a file that compiles`() throws {
        let compiled = words(try read("Tests/ConcertoResilienceTests/Documentation/FromPollySnippets.swift"))
        let blocks = try read("docs/resilience/from-polly.md").components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(blocks.count == 7)
        for block in blocks { #expect(compiled.contains(words(block)), "not compiled anywhere:\n\(block)") }
    }

    @Test func `the seven samples do what they say`() async throws {
        #expect(FromPollySnippets.retryWithJitter().options.maxRetries == 4)
        #expect(try await FromPollySnippets.statuses() == [429, 200])
        let control = CircuitControl(isolated: true)
        #expect(try FromPollySnippets.circuitBreaker(control).state == .isolated)
        #expect(try await FromPollySnippets.timeouts().execute { 7 } == 7)
        #expect(try await FromPollySnippets.fallback(ResiliencePipeline {}))
        let (pipeline, count) = FromPollySnippets.tenants()
        try await FromPollySnippets.limitTenants(pipeline)
        #expect(count() == 1)
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self)
        let (registry, following) = FromPollySnippets.registry(changes)
        #expect(try await registry["users"].execute { 7 } == 7)
        continuation.yield()
        continuation.finish()
        try await following.value
        #expect(registry.statistics(for: "users")?.successes == 1)
    }
}
