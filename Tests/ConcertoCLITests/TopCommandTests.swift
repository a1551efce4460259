#if CLI
import Foundation
import Testing

/// `concerto top` and `concerto report` on programs that do not know Concerto.
@Suite(.timeLimit(.minutes(3))) struct TopCommandTests {
    @Test func `D29: without a terminal one plain snapshot is printed`() async throws {
        let program = try await plainProgram()
        defer { kill(program.processIdentifier, SIGKILL) }
        let scratch = try Scratch()
        let top = try await ToolProcess(["top", "\(program.processIdentifier)"], in: scratch).wait()
        #expect(top.code == 0, "\(top.errors)")
        #expect(top.output.hasPrefix("concerto top  \(program.processIdentifier) PlainProgram\n"), "\(top.output)")
        #expect(top.output.contains("Tasks by place") && top.output.contains("waitForEver"))
        #expect(!top.output.contains("\u{1B}"))
    }

    @Test func `what holds a program up is reported, and ends the tool with 1`() async throws {
        let program = try await plainProgram()
        defer { kill(program.processIdentifier, SIGKILL) }
        let scratch = try Scratch()
        let pid = "\(program.processIdentifier)"
        let text = try await ToolProcess(["report", pid, "--for", "1s"], in: scratch).wait()
        #expect(text.code == 1, "\(text.errors)")
        #expect(text.output.hasPrefix("Verdict: deadlock."), "\(text.output)")
        let json = try await ToolProcess(["report", pid, "--for", "500ms", "--json"], in: scratch).wait()
        let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: any Sendable]
        #expect(report?["verdict"] as? String == "deadlock")
    }

    @Test func `what cannot be looked at ends the tool with 2 and a sentence`() async throws {
        let scratch = try Scratch()
        for command in ["top", "report"] {
            let none = try await ToolProcess([command, "2147483632"], in: scratch).wait()
            #expect(none.code == 2)
            #expect(none.errors == "concerto \(command): there is no process 2147483632\n")
        }
        let short = try await ToolProcess(["report", "1", "--for", "1ms"], in: scratch).wait()
        #expect(short.code == 2 && short.errors.contains("--for"))
        let alone = try await ToolProcess(["top"], in: scratch, environment: ["XDG_RUNTIME_DIR": scratch.path("")])
            .wait()
        #expect(alone.code == 2 && alone.errors.contains("no process of this user listens"), "\(alone.errors)")
    }
}
#endif
