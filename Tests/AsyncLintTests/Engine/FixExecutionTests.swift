#if Lint
import Foundation
import Testing

@testable import AsyncLint

/// The contract of a safe fix, tried by running: a program whose tasks nobody cancels prints the same before and after.
@Suite("Safe fixes, run")
struct FixExecutionTests {
    /// What may stand in a function that throws. `#` becomes the function's number. Each has a safe fix where its place allows one.
    private static let mistakes = [
        "try? await Task.sleep(for: .milliseconds(1)); note(#)",
        "try? Task.checkCancellation(); note(#)",
        "if Task.isCancelled { print(\"cancelled\") }; note(#)",
        "for n in 0..<3 { do { note(try await attempt(n, #)); return } catch { await Task.yield() } }",
        """
        let won = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await Task.sleep(for: .seconds(1)); throw Late() }
            group.addTask { # }
            return try await group.next()!
        }
        note(won)
        """,
        """
        let winner = await withTaskGroup(of: Int.self) { group in
            group.addTask { # }
            group.addTask { await finish(#); return # }
            return await group.next()!
        }
        note(winner)
        """,
        "async let _ = signal.wait(#); note(#); await signal.open(#)",
        """
        try? await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { throw Late() }
            note(#)
        }
        """,
        "for n in 0..<3 { do { note(try await foreign(n, #)); return } catch { await Task.yield() } }",
    ]
    /// Where it may stand: `%` becomes the mistake.
    private static let places = [
        "func f#() async throws {\n    %\n    done(#)\n}",
        "func f#() async throws {\n    do {\n        %\n    } catch let late as Late {\n        print(late)\n    }\n    done(#)\n}",
        "func f#() async throws {\n    for _ in 0..<2 {\n        %\n    }\n    done(#)\n}",
        "func f#() async throws {\n    if true { %; note(#) }\n    done(#)\n}",
        "func f#() async throws {\n    let g: () async throws -> Void = { %; done(#) }\n    try await g()\n}",
        "func f#() async throws {\n    do { try one() } catch {\n        %\n        print(error.code)\n    }\n    done(#)\n}",
    ]
    private static let prelude = """
        import Foundation
        struct Late: Error {}
        struct Coded: Error { var code = 7 }
        func one() throws(Coded) { throw Coded() }
        final class Log: @unchecked Sendable {
            static let shared = Log()
            let lock = NSLock()
            var lines: [String] = []
            func add(_ line: String) { lock.withLock { lines.append(line) } }
        }
        func note(_ n: Int) { Log.shared.add("note \\(n)") }
        func done(_ n: Int) { Log.shared.add("done \\(n)") }
        func attempt(_ n: Int, _ id: Int) async throws -> Int { if n == 0 { throw Late() }; return id }
        func foreign(_ n: Int, _ id: Int) async throws -> Int { if n == 0 { throw CancellationError() }; return id }
        func finish(_ n: Int) async { try? await Task.sleep(for: .milliseconds(20)); Log.shared.add(Task.isCancelled ? "lost \\(n)" : "finished \\(n)") }
        actor Signal {
            var opened: Set<Int> = []
            func wait(_ n: Int) async { while !opened.contains(n), !Task.isCancelled { await Task.yield() }; Log.shared.add("waited \\(n)") }
            func open(_ n: Int) { opened.insert(n) }
        }
        let signal = Signal()

        """

    private static func program() -> (text: String, count: Int) {
        var text = prelude
        var count = 0
        for place in places {
            for mistake in mistakes {
                let body = place.replacing("%", with: mistake.replacing("\n", with: "\n    "))
                text += body.replacing("#", with: "\(count)") + "\n"
                count += 1
            }
        }
        text += "for (n, f) in [\((0..<count).map { "f\($0)" }.joined(separator: ", "))].enumerated() {\n"
        text += "    do { try await f() } catch { Log.shared.add(\"\\(n) threw \\(error)\") }\n"
        text += "    print(n, Log.shared.lock.withLock { Log.shared.lines.sorted() })\n"
        text += "    Log.shared.lock.withLock { Log.shared.lines = [] }\n}\n"
        return (text, count)
    }

    private static let compiler: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").map { $0 + "/swiftc" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    private struct Stuck: Error {}

    /// Compiles and runs a program. One that does not end is stopped by its own time limit, and its output is short.
    private static func output(of text: String, named name: String) throws -> String {
        let folder = NSTemporaryDirectory() + "asynclint-run-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let source = folder + "/main.swift"
        try Data(text.utf8).write(to: URL(fileURLWithPath: source))
        let built = try run(
            try #require(compiler), ["-swift-version", "6", "-Onone", "-o", folder + "/program", source])
        try #require(built.status == 0, "\(name) does not compile:\n\(built.output)")
        return try run("/usr/bin/timeout", ["60", folder + "/program"]).output
    }

    private static func run(_ tool: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test("a program whose tasks nobody cancels does the same before and after", .enabled(if: compiler != nil))
    func sameBeforeAndAfter() async throws {
        let (before, count) = Self.program()
        var after = before
        var fixed = 0
        var configuration = Configuration()
        configuration.enabled = ["sleep-cancellation-swallowed"]
        for _ in 0..<5 {
            let source = Linter.Source(path: "Sources/main.swift", text: after)
            let report = await Linter(configuration: configuration, workers: 1).lint([source])
            let outcome = Fixer.apply(report.findings, to: Array(after.utf8))
            if outcome.count == 0 { break }
            fixed += outcome.count
            after = String(decoding: outcome.bytes, as: UTF8.self)
        }
        #expect(fixed >= count / 4, "only \(fixed) fixes in \(count) functions: the program shows little")
        let old = try Self.output(of: before, named: "the program before").split(separator: "\n")
        let new = try Self.output(of: after, named: "the program after").split(separator: "\n")
        #expect(old.count { $0.contains("[") } == count, "the program before does not end")
        for (one, other) in zip(old, new) { #expect(one == other) }
        #expect(old.count == new.count)
    }
}
#endif
