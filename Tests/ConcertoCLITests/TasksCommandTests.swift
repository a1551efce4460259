#if CLI
import Foundation
import Testing

/// `concerto tasks` on programs that do not know Concerto.
@Suite(.timeLimit(.minutes(3))) struct TasksCommandTests {
    @Test func `a deadlock of plain tasks is told, and ends the tool with 1`() async throws {
        let scratch = try Scratch()
        let program = try await plainProgram()
        defer { kill(program.processIdentifier, SIGKILL) }
        let text = try await ToolProcess(["tasks", "\(program.processIdentifier)"], in: scratch).wait()
        #expect(text.code == 1, "\(text.errors)")
        #expect(text.output.contains("task \"first\""))
        #expect(text.output.contains("which awaits task \"first\""), "\(text.output)")
        let json = try await ToolProcess(["tasks", "\(program.processIdentifier)", "--json"], in: scratch).wait()
        let types = try json.output.split(separator: "\n").map { line in
            (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["type"] as? String
        }
        #expect(types.first == "dump" && types.contains("cycle") && types.contains("task"))
    }

    @Test func `what cannot be read ends the tool with 2 and a sentence`() async throws {
        let scratch = try Scratch()
        let none = try await ToolProcess(["tasks", "2147483632"], in: scratch).wait()
        #expect(none.code == 2)
        #expect(none.errors == "concerto tasks: there is no process 2147483632\n")
        let wrong = try await ToolProcess(["tasks", "1", "--watch", "0"], in: scratch).wait()
        #expect(wrong.code == 2 && wrong.errors.contains("--watch"))
    }
}
#endif
