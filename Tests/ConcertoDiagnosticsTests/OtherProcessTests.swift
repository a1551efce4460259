#if os(Linux)
import Concerto
import Foundation
import Testing

@testable import ConcertoDiagnostics

@Suite(.serialized, .timeLimit(.minutes(3))) struct OtherProcessTests {
    /// Dumps another process until `condition` holds.
    private func dump(_ program: RunningProgram, until condition: (TaskDump) -> Bool) async throws -> TaskDump {
        while true {
            let dump = try TaskDump.capture(process: program.pid)
            if condition(dump) { return dump }
            try Task.checkCancellation()
            for _ in 0..<100 { await Task.yield() }
        }
    }

    @Test func `a program that does not know Concerto tells its tasks, its deadlock and its busy actor`() async throws {
        let program = try RunningProgram("PlainProgram")
        #expect(await program.nextLine() == "ready")
        let seen = try await dump(program) { dump in
            dump.queues.contains { $0.count == 5 } && dump.groups.contains { $0.names == ["waiter"] && $0.count == 7 }
                && !dump.cycles.isEmpty && dump.threads.contains { dump.task($0.task ?? 0)?.name == "keeper" }
        }
        #expect(seen.cycles.map { $0.members.map(\.name) } == [["first", "second"]])
        let queue = seen.queues.first { $0.count == 5 }
        #expect(queue?.executor == "PlainProgram.PlainProgram.Counter")
        let waiters = seen.groups.first { $0.names == ["waiter"] }
        #expect(waiters?.functions.first?.contains("PlainProgram.waitForEver()") == true)
        let thread = seen.threads.first { seen.task($0.task ?? 0)?.name == "keeper" }
        #expect(thread?.functions.contains("PlainProgram.PlainProgram.Counter.keep(_:)") == true, "\(seen.text)")
        #expect(!seen.process.isSelf && seen.process.executable.hasSuffix("PlainProgram"))
        #expect(seen.notes.isEmpty, "\(seen.notes)")
    }

    @Test(arguments: ["pool-main-actor", "stock-main-actor"])
    func `D6: who blocks the main actor is named, and who waits for it`(program name: String) async throws {
        let program = try RunningProgram("DiagnosticsProgram", [name])
        #expect(await program.nextLine() == "ready")
        let seen = try await dump(program) { dump in
            dump.queues.contains { $0.executor == "MainActor" && $0.count == 3 }
                && dump.threads.contains { dump.task($0.task ?? 0)?.name == "hog" }
        }
        let hog = seen.named("hog")[0].id
        let thread = seen.threads.first { $0.task == hog }
        #expect(thread?.functions.contains("DiagnosticsProgram.DiagnosticsProgram.blockForEver()") == true)
        #expect(
            seen.text.contains("3 tasks queued on the main actor, blocked by task \"hog\" (#\(hog)) in "),
            "\(seen.text)")
    }

    @Test func `no process, and one without tasks of Swift, are told apart`() async throws {
        #expect { try TaskDump.capture(process: 0x7FFF_FFF0) } throws: { ($0 as? TaskDumpError)?.kind == .noProcess }
        #expect { try TaskDump.capture(process: -1) } throws: { ($0 as? TaskDumpError)?.kind == .noProcess }
        let sleep = Process()
        sleep.executableURL = URL(fileURLWithPath: "/bin/sleep")
        sleep.arguments = ["600"]
        try sleep.run()
        // Not `terminate`: a process begins with the signals blocked that its starter's thread blocks, SIGTERM too.
        defer { kill(sleep.processIdentifier, SIGKILL) }
        #expect { try TaskDump.capture(process: sleep.processIdentifier) } throws: {
            ($0 as? TaskDumpError)?.kind == .noSwiftConcurrency
        }
    }

    @Test(arguments: [(EPERM, nil), (EACCES, 1), (EPERM, 2)])
    func `who may not read is told what to do`(code: Int32, scope: Int?) {
        let error = TaskDumpError(code: code, pid: 7, scope: scope)
        #expect(error.kind == .notPermitted)
        #expect(error.description.contains("run this as the user that the process runs as, or as root"))
        #expect(error.description.contains("ptrace_scope is") == (scope != nil))
    }
}
#endif
