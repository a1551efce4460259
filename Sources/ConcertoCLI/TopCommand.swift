#if CLI
import ArgumentParser
import ConcertoDiagnostics
import Foundation

/// `concerto top`: a running process, as it goes on.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows a running Swift program as it goes on: tasks by place, findings, pool, limiters, hosts.",
        discussion: """
            Tasks and findings are read from outside, of any program of Swift 6.3. Pool, queue wait, limiters, circuits and
            hosts are shown by programs that call Diagnostics.listen(). Where standard output is no terminal, it prints one
            snapshot.

            Exit codes: 0 done, 2 not possible, and why.
            """)

    @Argument(help: "The number of the process; none if only one process listens.")
    var pid: Int32?

    @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
    var interval = 1.0

    func validate() throws {
        guard interval >= 0.25, interval <= 60 else {
            throw ValidationError("--interval \(interval): between 0.25 and 60 seconds")
        }
    }

    func run() throws {
        let pid = try pid ?? onlyOne()
        do {
            var watch = TopWatch(pid: pid, interval: interval)
            try watch.connect()
            try watch.look()
            let environment = ProcessInfo.processInfo.environment
            guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, environment["TERM"] != "dumb" else {
                watch.waitForSample()
                try? FileHandle.standardOutput.write(contentsOf: Data(TopScreen.snapshot(watch.state).utf8))
                return
            }
            var terminal = TopTerminal(hasColor: (environment["NO_COLOR"] ?? "").isEmpty)
            terminal.enter()
            defer { terminal.leave() }
            try watch.run(on: &terminal)
        } catch let error as TopWatch.Ended {
            Terminal.complain("concerto top: \(error.text)")
            throw ExitCode(ToolExit.usage)
        }
    }

    private func onlyOne() throws -> Int32 {
        let all = Diagnostics.listeningProcesses()
        if all.count == 1 { return all[0] }
        let list =
            all.isEmpty
            ? "no process of this user listens" : "these listen: \(all.map(String.init).joined(separator: " "))"
        Terminal.complain("concerto top: \(list); say which process is meant: concerto top PID")
        throw ExitCode(ToolExit.usage)
    }
}
#endif
