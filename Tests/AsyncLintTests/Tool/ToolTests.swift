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

    private func run(_ arguments: String...) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try #require(Self.tool, "build the tool: swift build --traits Lint"))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
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

    @Test("works in a folder whose name has a colon and a space")
    func oddNames() throws {
        try write("func f() async { await work() }", "a b:c/d.swift")
        #expect(try run("states", "a b:c/d.swift:f").status == 0)
        #expect(try run("a b:c").status == 0)
    }
}
#endif
