#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("Baseline")
struct BaselineTests {
    private func lint(_ code: String) async -> [Finding] {
        await Linter(workers: 1).lint([Linter.Source(path: "a.swift", text: code)]).findings
    }

    @Test("knows what it was written from, also when it moved; reports one more of the same")
    func matches() async throws {
        let code = "func f() async {\n    usleep(1)\n}\n"
        let baseline = try Baseline(json: Data(Baseline(await lint(code)).json.utf8), source: "b")
        #expect(baseline.new(in: await lint(code)).isEmpty)
        #expect(baseline.new(in: await lint("// moved\n" + code)).isEmpty)
        let more = await lint(code + "func g() async {\n    usleep(1)\n}\n")
        #expect(baseline.new(in: more).map(\.start.line) == [5])
    }

    @Test("is the same text for the same findings")
    func stable() async {
        let findings = await lint("func f() async {\n    usleep(1)\n    sleep(1)\n}\n")
        #expect(Baseline(findings).json == Baseline(findings.reversed()).json)
    }

    @Test("that is none is refused")
    func refused() {
        #expect(throws: ConfigurationError.self) { try Baseline(json: Data("{}".utf8), source: "b") }
    }
}
#endif
