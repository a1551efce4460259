#if Lint
import Testing

@testable import AsyncLint

@Suite("Linter")
struct LinterTests {
    private func lint(_ files: [(String, String)], _ configuration: Configuration = Configuration(), workers: Int = 2)
        async -> Linter.Report
    {
        await Linter(configuration: configuration, workers: workers).lint(
            files.map { Linter.Source(path: $0.0, text: $0.1) })
    }

    @Test("a file that cannot be parsed is reported and the rest goes on")
    func parseFailure() async {
        let report = await lint([("a.swift", "func f( {{{"), ("b.swift", "func f() async { usleep(1) }")])
        #expect(report.failures.isEmpty)
        #expect(report.active.map(\.rule) == ["unparsable-file", "blocking-call-in-async"])
        #expect(report.active.first?.start.line == 1)
        #expect(report.fileCount == 1)
    }

    @Test("a file that is not UTF-8 is reported")
    func notUTF8() async {
        let report = await Linter().lint([Linter.Source(path: "a.swift", bytes: [0x66, 0xFF, 0xFE])])
        #expect(report.failures.map(\.message) == ["the file is not UTF-8"])
    }

    @Test("the findings are the same in the same order, whatever the number of workers and the order of files")
    func deterministic() async {
        let files = (0..<40).map {
            ("f\($0).swift", "func f\($0)() async { usleep(1); Task { try await save(\($0)) } }")
        }
        let one = ReportFormat.json.render(await lint(files, workers: 1))
        for workers in [2, 3, 8] {
            #expect(ReportFormat.json.render(await lint(files.reversed(), workers: workers)) == one)
        }
    }

    @Test("a requirement in one file excuses its witness in another")
    func symbolsAcrossFiles() async {
        let witness = ("b.swift", "struct S: P { func f() async { render(1) } }")
        let with = await lint([("a.swift", "protocol P { func f() async }"), witness])
        let without = await lint([("a.swift", "protocol P { func g() async }"), witness])
        #expect(with.active.isEmpty)
        #expect(without.active.map(\.rule) == ["async-without-await"])
    }

    @Test("the type of a property declared in another file is known")
    func typesAcrossFiles() async {
        let report = await lint([
            ("a.swift", "final class Store { let gate = DispatchSemaphore(value: 0) }"),
            ("b.swift", "func f(_ store: Store) async { store.gate.wait() }"),
        ])
        #expect(report.active.map(\.rule) == ["blocking-call-in-async"])
    }

    @Test("a rule steps aside where the compiler reports the same")
    func toolchain() async {
        let file = ("a.swift", "func f() { Task { try await save(1) }; [Task { try await save(2) }] }")
        var configuration = Configuration()
        configuration.toolchain = ToolchainVersion(6, 3)
        #expect(await lint([file], configuration).active.count == 2)
        configuration.toolchain = ToolchainVersion(6, 4)
        // The dropped array stays: the compiler does not see it.
        #expect(await lint([file], configuration).active.map(\.start.column) == [41])
    }

    @Test("a fingerprint survives lines that come above, and tells equal lines apart")
    func fingerprints() async {
        let code = "func f() async {\n    usleep(1)\n    usleep(1)\n}\n"
        let before = await lint([("a.swift", code)]).active.map(\.fingerprint)
        let after = await lint([("a.swift", "// more\n\n" + code)]).active.map(\.fingerprint)
        #expect(before == after)
        #expect(Set(before).count == 2)
    }

    @Test("columns count bytes for editors and scalars for SARIF")
    func columns() async {
        let report = await lint([("a.swift", "func f() async { let é = \"ü\"; usleep(1) }")])
        #expect(report.active.map(\.start.column) == [33])
        #expect(report.active.map(\.start.characterColumn) == [31])
    }

    @Test("an empty run is clean")
    func empty() async {
        let report = await lint([])
        #expect(report.findings.isEmpty && report.failures.isEmpty && report.fileCount == 0)
    }

    @Test("a missing path is a usage error")
    func missingPath() async {
        await #expect(throws: ConfigurationError.self) { try await Linter().lint(paths: ["no/such/path"], root: "/") }
    }
}
#endif
