#if Lint
import Testing

@testable import AsyncLint

@Suite("Configuration")
struct ConfigurationTests {
    private func severity(_ rule: String, _ path: String, _ yaml: String) throws -> Severity? {
        try Configuration(yaml: yaml, source: "test").settings(for: path).severity(of: rule)
    }

    @Test("without a file every rule has the severity of its page, and tests are quieter")
    func defaults() {
        let configuration = Configuration()
        for page in RuleCatalog.pages {
            #expect(
                configuration.settings(for: "Sources/A.swift").severity(of: page.id)
                    == (page.optIn ? nil : page.severity))
            let inTests = configuration.settings(for: "Tests/ATests/A.swift").severity(of: page.id)
            #expect(inTests == (page.optIn || page.quietInTests ? nil : page.severity))
        }
    }

    @Test("a rule is switched off, and its severity set")
    func severities() throws {
        #expect(try severity("detached-task", "a.swift", "rules: { detached-task: off }") == nil)
        #expect(try severity("detached-task", "a.swift", "rules: { detached-task: error }") == .error)
        #expect(try severity("detached-task", "a.swift", "rules: { detached-task: { severity: warning } }") == .warning)
    }

    @Test("later overrides win, and win over the silence of tests")
    func overrides() throws {
        let yaml = """
            rules: { polling-loop: error }
            overrides:
              - { paths: ["Tests/**"], rules: { polling-loop: warning } }
              - { paths: ["Tests/Slow/**"], rules: { polling-loop: off } }
            """
        #expect(try severity("polling-loop", "Sources/a.swift", yaml) == .error)
        #expect(try severity("polling-loop", "Tests/a.swift", yaml) == .warning)
        #expect(try severity("polling-loop", "Tests/Slow/a.swift", yaml) == nil)
        #expect(try severity("polling-loop", "Tests/a.swift", "rules: { polling-loop: error }") == nil)
    }

    @Test("a rule that is asked for alone brings its parts, and nothing else")
    func only() {
        var configuration = Configuration()
        configuration.only = ["blocking-call-in-async"]
        let active = configuration.settings(for: "Tests/a.swift").severities.keys.sorted()
        #expect(
            active == [
                "blocking-call-in-async", "blocking-call-in-async/file-io", "blocking-call-in-async/one-call-away",
            ])
    }

    @Test("every problem of a file is named at once, with what was meant")
    func problems() throws {
        let yaml = """
            rulez: {}
            fail-level: fatal
            toolchain: new
            rules: { detachd-task: off, polling-loop: loud, unbounded-task-group: { maks: 3 } }
            overrides: [{ path: x, rules: {} }]
            apis: { blocking: ["no call at all"] }
            """
        let error = try #require(throws: ConfigurationError.self) { try Configuration(yaml: yaml, source: "x.yml") }
        let text = error.description
        for part in [
            "unknown key 'rulez'; did you mean 'rules'?", "'fatal' is none of", "'new' is no version",
            "unknown rule 'detachd-task'; did you mean 'detached-task'?", "'loud' is none of",
            "unknown option 'maks'; did you mean 'max'?",
            "unknown key 'path'; did you mean 'paths'?", "names no call",
        ] {
            #expect(text.contains(part), "missing: \(part)")
        }
    }

    @Test("options reach their rule")
    func options() async throws {
        let code =
            "func f() async { await withTaskGroup(of: Void.self) { g in for i in 0..<100 { g.addTask { await use(i) } } } }"
        let strict = Linter(configuration: try Configuration(yaml: "rules: { unbounded-task-group: on }", source: "x"))
        let loose = Linter(
            configuration: try Configuration(
                yaml: "rules: { unbounded-task-group: { severity: info, max: 100 } }", source: "x"))
        #expect(await strict.lint([Linter.Source(path: "a.swift", text: code)]).active.count == 1)
        #expect(await loose.lint([Linter.Source(path: "a.swift", text: code)]).active.isEmpty)
    }

    @Test(
        "globs",
        arguments: [
            ("Tests", "a/Tests/b.swift", true), ("Tests", "a/MyTests/b.swift", false),
            ("*Tests.swift", "a/BTests.swift", true),
            ("Sources/**", "Sources/a/b.swift", true), ("Sources/**/b.swift", "Sources/b.swift", true),
            ("Sources/*", "Other/Sources/b.swift", false), ("a/?.swift", "a/b.swift", true),
            ("a/?.swift", "a/bc.swift", false),
            ("**/Generated", "x/y/Generated/z.swift", true), ("./a/", "a/b.swift", true),
        ])
    func globs(_ pattern: String, _ path: String, _ expected: Bool) {
        #expect(Glob(pattern).matches(path) == expected)
    }
}
#endif
