#if Lint
import Foundation
import Testing

/// Runs the tool as a user does.
@Suite("The tool asynclint", .serialized)
struct ToolTests {
    private struct Outcome {
        let status: Int32
        let output: String
    }

    private static let tool: String? = {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        return [folder + "/asynclint", Checkout.root + "/.build/debug/asynclint"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "asynclint-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func write(_ text: String, _ name: String) throws {
        let url = URL(fileURLWithPath: folder + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func run(_ arguments: String..., input: String? = nil, in subfolder: String = "") throws -> Outcome {
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try #require(Self.tool, "build the tool: swift build --traits Lint"))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: subfolder.isEmpty ? folder : folder + "/" + subfolder)
        process.environment = ProcessInfo.processInfo.environment.merging(["ASYNCLINT_CACHE": ""]) { $1 }
        let source = Pipe()
        process.standardInput = input == nil ? FileHandle.nullDevice as Any : source as Any
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        if let input {
            source.fileHandleForWriting.write(Data(input.utf8))
            try source.fileHandleForWriting.close()
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
    }

    @Test("exits 0 when clean, 1 with findings at the level, 2 on wrong usage")
    func exits() throws {
        try write("func f() async { await work() }", "clean/a.swift")
        try write("func f() { Task.detached { await work() } }", "info/a.swift")
        try write("func f() async { usleep(1) }", "error/a.swift")
        try write("func (", "broken/a.swift")
        #expect(try run("clean").status == 0)
        #expect(try run("info").status == 0)
        #expect(try run("info", "--fail-level", "info").status == 1)
        #expect(try run("error").status == 1)
        #expect(try run("broken").status == 1)
        #expect(try run("nowhere").status == 2)
        #expect(try run("--no-such-option").status == 2)
        #expect(try run("clean", "--only", "no-such-rule").status == 2)
        try write("rulez: {}", "bad.yml")
        #expect(try run("clean", "--config", "bad.yml").status == 2)
        #expect(try run("--help").status == 0)
    }

    @Test("reads .asynclint.yml and a package's table")
    func configuration() throws {
        try write("func f() async { usleep(1); slow() }", "Sources/a.swift")
        try write("rules: { blocking-call-in-async: info }\ninclude: [Sources]", ".asynclint.yml")
        try write("blocking: [\"slow()\"]", ".build/checkouts/dep/asynclint-apis.yml")
        let outcome = try run()
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: "\n").count == 2)
    }

    @Test("fixes what is safe, and a second run finds none of it")
    func fix() throws {
        try write("func f() async throws {\n    try? Task.checkCancellation()\n    await work()\n}\n", "a.swift")
        #expect(try run("--fix").status == 0)
        let text = String(
            decoding: try #require(FileManager.default.contents(atPath: folder + "/a.swift")), as: UTF8.self)
        #expect(text == "func f() async throws {\n    try Task.checkCancellation()\n    await work()\n}\n")
        #expect(try run().status == 0)
    }

    @Test("a baseline silences what was there")
    func baseline() throws {
        try write("func f() async { usleep(1) }\n", "a.swift")
        #expect(try run("--write-baseline", "base.json").status == 0)
        #expect(try run("--baseline", "base.json").status == 0)
        try write("func f() async { usleep(1) }\nfunc g() async { sleep(1) }\n", "a.swift")
        let outcome = try run("--baseline", "base.json")
        #expect(outcome.status == 1)
        #expect(outcome.output.hasPrefix("a.swift:2:18: error:"))
    }

    @Test("explains a rule, lists them, and draws states")
    func pages() throws {
        #expect(try run("--explain", "detached-task").output.contains("Task.detached"))
        #expect(try run("rules").output.split(separator: "\n").count > 20)
        try write("func f() async { await work() }", "a.swift")
        #expect(try run("states", "a.swift:f").output.contains("S1"))
        #expect(try run("states", "a.swift:g").status == 2)
    }

    @Test("checks standard input under the name it is given, with the declarations of the paths")
    func standardInput() throws {
        try write("protocol P { func f() async }", "Sources/p.swift")
        let outcome = try run(
            "--stdin", "--stdin-path", "Sources/a.swift", "Sources", input: "func f() async { usleep(1) }\n")
        #expect(outcome.status == 1)
        #expect(outcome.output.hasPrefix("Sources/a.swift:1:18: error:"))
        let alone = try run("--stdin", input: "struct S: P { func f() async { g() } }")
        #expect(
            try run(
                "--stdin", "Sources", "--enable", "async-without-await", input: "struct S: P { func f() async { g() } }"
            ).output.isEmpty)
        #expect(alone.status == 0)
    }

    @Test("leaves out named files that are excluded when it is told to, as hooks want")
    func forceExclude() throws {
        try write("exclude: [Generated]", ".asynclint.yml")
        try write("func f() async { usleep(1) }", "Generated/g.swift")
        #expect(try run("Generated/g.swift").status == 1)
        #expect(try run("--force-exclude", "Generated/g.swift").status == 0)
    }

    @Test("finds the configuration in a folder above, whose patterns hold from there")
    func configurationAbove() throws {
        try write("rules: { blocking-call-in-async: info }\nexclude: [Sources/Generated]", ".asynclint.yml")
        try write("func f() async { usleep(1) }", "Sources/a.swift")
        try write("func f() async { usleep(1) }", "Sources/Generated/g.swift")
        let outcome = try run(in: "Sources")
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: "\n").count == 1)
    }

    @Test("shows what it would fix as a diff, and changes nothing; suggestions only when asked")
    func diff() throws {
        let text = "func f() async throws {\n    try? Task.checkCancellation()\n    Task { try await save(1) }\n}\n"
        try write(text, "a.swift")
        let outcome = try run("--diff")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("-    try? Task.checkCancellation()\n+    try Task.checkCancellation()\n"))
        #expect(!outcome.output.contains("_ = Task"))
        #expect(try run("--diff", "--unsafe").output.contains("+    _ = Task { try await save(1) }\n"))
        #expect(try run("--dry-run").output == "a.swift:2:5: let the error out [discarded-cancellation-check]\n")
        #expect(FileManager.default.contents(atPath: folder + "/a.swift") == Data(text.utf8))
        #expect(try run("--unsafe").status == 2)
        #expect(try run("--fix", "--unsafe").status == 0)
        #expect(FileManager.default.contents(atPath: folder + "/a.swift") != Data(text.utf8))
    }

    @Test("counts by rule, and writes what CI servers read")
    func statisticsAndReporters() throws {
        try write("func f() async { usleep(1); usleep(2); Task { try await save(1) } }\n", "a.swift")
        let lines = try run("--statistics").output.split(separator: "\n")
        #expect(lines == ["     2  blocking-call-in-async", "     1  unobserved-task-error   1 suggestion"])
        #expect(
            try run("--reporter", "junit").output.contains("<testsuite name=\"asynclint\" tests=\"3\" failures=\"3\""))
        #expect(
            try run("--reporter", "checkstyle").output.contains(
                "<file name=\"a.swift\">\n<error line=\"1\" column=\"18\" severity=\"error\""))
        let issues =
            try JSONSerialization.jsonObject(with: Data(run("--reporter", "codeclimate").output.utf8))
            as? [[String: Any]]
        #expect(issues?.count == 3)
        let rules = try JSONSerialization.jsonObject(with: Data(run("rules", "--json").output.utf8)) as? [[String: Any]]
        #expect(rules?.first { $0["id"] as? String == "discarded-cancellation-check" }?["fix"] as? String == "safe")
    }

    @Test("a baseline holds from another folder, and says what was fixed")
    func baselineElsewhere() throws {
        try write("func f() async { usleep(1) }\n", "Sources/a.swift")
        #expect(try run("--write-baseline", "base.json").status == 0)
        #expect(try run("--baseline", "../base.json", in: "Sources").status == 0)
    }

    @Test("a file that does not parse has a level of its own")
    func unparsable() throws {
        try write("func (", "a.swift")
        #expect(try run().output.contains("[unparsable-file]"))
        try write("rules: { unparsable-file: info }", ".asynclint.yml")
        #expect(try run().status == 0)
    }

    @Test("works in a folder whose name has a colon and a space")
    func oddNames() throws {
        try write("func f() async { await work() }", "a b:c/d.swift")
        #expect(try run("states", "a b:c/d.swift:f").status == 0)
        #expect(try run("a b:c").status == 0)
    }
}
#endif
