#if CLI
import ArgumentParser
import ConcertoBatch
import ConcertoRuntime
import Foundation

/// `concerto`: pushes API calls through Concerto.
@main
struct ConcertoTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "concerto",
        abstract: "Makes thousands to millions of API calls, exactly as allowed, and loses none.",
        version: "0.1.0",
        subcommands: [
            BatchCommand.self, DemoServerCommand.self, TasksCommand.self, ReportCommand.self,
            TopCommand.self,
        ])

    static func main() async {
        // Before anything opens a file.
        StandardStreams.claim()
        // Where it cannot be had the tool runs on Swift's own executor.
        ThreadPool.installAsDefault()
        // A reader that goes away is an error of a write, not a death without a word.
        signal(SIGPIPE, SIG_IGN)
        do {
            let words = Array(CommandLine.arguments.dropFirst())
            var command = SharedCommand.isMeant(by: words) ? try SharedCommand.command(of: words) : try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as BatchError {
            Terminal.complain("concerto: \(error)")
            Foundation.exit(error.kind == .configuration ? ToolExit.usage : ToolExit.mismatch)
        } catch {
            // Help and version end well; everything else that the parser says is about the arguments.
            let code = exitCode(for: error)
            if code == .success { ConcertoTool.exit(withError: error) }
            if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
            Terminal.complain(fullMessage(for: error))
            Foundation.exit(ToolExit.usage)
        }
    }
}

/// The exit codes of `concerto`.
enum ToolExit {
    static let success: Int32 = 0
    static let someFailed: Int32 = 1
    static let usage: Int32 = 2
    static let tooManyFailures: Int32 = 3
    static let mismatch: Int32 = 4
    static let interrupted: Int32 = 130

    static let help = """
        Exit codes:
          0    every row succeeded
          1    some rows failed
          2    usage, configuration or input: nothing was called
          3    stopped by --max-failures; --resume goes on
          4    store, output or input does not match, is in use, or could not be written
          130  interrupted; --resume goes on
        """
}
#else
@main
struct ConcertoTool {
    static func main() {
        print("concerto was built without its trait. Build it with: swift build --traits CLI (or: make build)")
    }
}
#endif
