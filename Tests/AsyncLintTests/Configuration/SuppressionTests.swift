#if Lint
import Testing

@testable import AsyncLint

@Suite("Suppressions")
struct SuppressionTests {
    private func lint(_ code: String, _ configuration: Configuration = Configuration()) async -> Linter.Report {
        await Linter(configuration: configuration, workers: 1).lint([Linter.Source(path: "a.swift", text: code)])
    }

    @Test(
        "silence with a reason",
        arguments: [
            "func f() async {\n    // asynclint:ignore:next blocking-call-in-async — a probe\n    usleep(1)\n}",
            "func f() async {\n    // asynclint:ignore:next blocking-call-in-async - a probe\n\n    usleep(1)\n}",
            "func f() async {\n    usleep(1)  // asynclint:ignore:this blocking-call-in-async: a probe\n}",
            "// asynclint:ignore:file blocking-call-in-async -- a probe\nfunc f() async {\n    usleep(1)\n}",
        ])
    func silences(_ code: String) async {
        let report = await lint(code)
        #expect(report.active.isEmpty)
        #expect(report.findings.map(\.suppression) == ["a probe"])
    }

    @Test(
        "need a reason, a known rule and a known word",
        arguments: [
            ("asynclint:ignore:next blocking-call-in-async", "gives no reason"),
            ("asynclint:ignore:next blocking-call — a probe", "unknown rule"),
            ("asynclint:ignore:next — a probe", "names no rule"),
            ("asynclint:off", "unknown comment"),
        ])
    func invalid(_ comment: String, _ message: String) async {
        let report = await lint("func f() async {\n    // \(comment)\n    usleep(1)\n}")
        #expect(report.active.map(\.rule).sorted() == ["blocking-call-in-async", "invalid-suppression"])
        #expect(report.active.contains { $0.message.contains(message) })
    }

    @Test("that silence nothing are reported, and fixed by deleting them")
    func unused() async {
        let code = "func f() async {\n    // asynclint:ignore:next blocking-call-in-async — gone\n    await work()\n}\n"
        let report = await lint(code)
        #expect(report.active.map(\.rule) == ["unused-suppression"])
        let fixed = Fixer.apply(report.findings, to: Array(code.utf8))
        #expect(String(decoding: fixed.bytes, as: UTF8.self) == "func f() async {\n    await work()\n}\n")
    }

    @Test("for a rule that is off are not called unused")
    func off() async {
        var configuration = Configuration()
        configuration.disabled = ["blocking-call-in-async"]
        let report = await lint(
            "func f() async {\n    // asynclint:ignore:next blocking-call-in-async — probe\n    usleep(1)\n}",
            configuration)
        #expect(report.findings.isEmpty)
    }

    @Test("in a string are text")
    func inString() async {
        #expect(await lint("let s = \"// asynclint:off\"").findings.isEmpty)
    }
}
#endif
