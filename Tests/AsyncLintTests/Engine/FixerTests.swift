#if Lint
import Testing

@testable import AsyncLint

@Suite("Fixer")
struct FixerTests {
    private func fixed(_ code: String) async -> String {
        let report = await Linter(workers: 1).lint([Linter.Source(path: "a.swift", text: code)])
        return String(decoding: Fixer.apply(report.findings, to: Array(code.utf8)).bytes, as: UTF8.self)
    }

    @Test("keeps the comments and the space around what it changes")
    func trivia() async {
        let code =
            "func f() async throws {\n    for _ in 0..<2 {\n        // before\n        try? await Task.sleep(for: .seconds(1))  // behind\n        work()\n    }\n}\n"
        let wanted =
            "func f() async throws {\n    for _ in 0..<2 {\n        // before\n        try await Task.sleep(for: .seconds(1))  // behind\n        work()\n    }\n}\n"
        #expect(await fixed(code) == wanted)
    }

    @Test("leaves suggestions and silenced findings alone")
    func suggestions() async {
        let suggestion = "func f() { Task { try await save(1) } }\n"
        #expect(await fixed(suggestion) == suggestion)
        let silenced =
            "func f() async throws {\n    for _ in 0..<2 {\n        // asynclint:ignore:next sleep-cancellation-swallowed — a test of the fixer\n        try? await Task.sleep(for: .seconds(1))\n        work()\n    }\n}\n"
        #expect(await fixed(silenced) == silenced)
    }

    @Test("applies several fixes of one file at once")
    func several() async {
        let code = "func f() async throws {\n    try? Task.checkCancellation()\n    while true { await tick() }\n}\n"
        #expect(
            await fixed(code)
                == "func f() async throws {\n    try Task.checkCancellation()\n    while !Task.isCancelled { await tick() }\n}\n"
        )
    }

    @Test("indents a statement it adds like its neighbours")
    func indentation() async {
        let code = """
            func f() async throws {
                for _ in 0..<3 {
                    do {
                        return try await load(1)
                    } catch {
                        await pause()
                    }
                }
            }

            """
        let wanted = """
            func f() async throws {
                for _ in 0..<3 {
                    do {
                        return try await load(1)
                    } catch is CancellationError where Task.isCancelled {
                        throw CancellationError()
                    } catch {
                        await pause()
                    }
                }
            }

            """
        #expect(await fixed(code) == wanted)
    }
}
#endif
