#if CLI
import ArgumentParser
import ConcertoDiagnostics
import Foundation

/// `concerto tasks`: the tasks of another process.
struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Shows the tasks of a running Swift program: deadlocks, queues, blocked threads, groups by stack.",
        discussion: """
            The program need not use Concerto. It must run Swift 6.3, with the runtime as a library or with its symbols, and
            its memory must be readable: as the same user or root. It is not stopped.

            Exit codes: 0 done, 1 done and something looks wrong (a deadlock, or findings of --watch), 2 not possible, and why.
            """)

    @Argument(help: "The number of the process.")
    var pid: Int32

    @Flag(help: "Lines of JSON, an object each, with every task.")
    var json = false

    @Flag(help: "With --json: without a line for every task.")
    var group = false

    @Option(help: ArgumentHelp("How many groups are shown.", valueName: "count"))
    var groups = 50

    @Option(help: ArgumentHelp("How many tasks are read at most.", valueName: "count"))
    var limit = 1_000_000

    @Option(
        help: ArgumentHelp(
            "Looks again for so many seconds and says what looks wrong in all looks.", valueName: "seconds"))
    var watch: Double?

    func validate() throws {
        if groups < 1 { throw ValidationError("--groups \(groups): show at least one") }
        if limit < 1 { throw ValidationError("--limit \(limit): read at least one") }
        if let watch, !(watch >= 0.1 && watch <= 86_400) {
            throw ValidationError("--watch \(watch): between 0.1 and 86400 seconds")
        }
    }

    func run() throws {
        let code = show()
        if code != ToolExit.success { throw ExitCode(code) }
    }

    /// - Returns: The exit code.
    private func show() -> Int32 {
        do throws(TaskDumpError) {
            var looks = [try TaskDump.capture(process: pid, limit: limit)]
            if let watch {
                for _ in 0..<4 {
                    Thread.sleep(forTimeInterval: watch / 4)
                    looks.append(try TaskDump.capture(process: pid, limit: limit))
                }
            }
            let dump = looks[looks.count - 1]
            let findings = TaskFinding.search(looks)
            var text = json ? dump.jsonLines(listsTasks: !group) : dump.text(groups: groups)
            if watch != nil { text += json ? TaskFinding.jsonLines(findings) : TaskFinding.text(findings) }
            // A reader that has gone away has seen enough.
            try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
            return dump.cycles.isEmpty && findings.isEmpty ? ToolExit.success : ToolExit.someFailed
        } catch {
            Terminal.complain("concerto tasks: \(error.description)")
            return ToolExit.usage
        }
    }
}
#endif
