#if CLI
import ArgumentParser
import ConcertoBatch
import DemoServer
import Foundation

/// `concerto batch`.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Makes the API calls of a file and writes a line of JSON for each.",
        discussion: """
            A row is a line of JSON: {"id","method","url","headers","body","timeout","metadata"}; "url" alone suffices.
            Results come in the order of completion. Progress and messages go to standard error only.

            \(ToolExit.help)
            """)

    @Argument(help: "The file of rows (NDJSON), or - for standard input.")
    var input: String

    @OptionGroup(title: "Files") var files: FileArguments
    @OptionGroup(title: "Limits") var limits: LimitArguments
    @OptionGroup(title: "Retries") var retries: RetryArguments
    @OptionGroup(title: "Requests") var requests: RequestArguments
    @OptionGroup(title: "To look at") var display: DisplayArguments

    @Flag(help: "Call the demo server, which replaces {server} in the rows.")
    var demoServer = false

    func run() async throws {
        var options = BatchOptions()
        options.input = input == "-" ? nil : input
        files.apply(to: &options)
        limits.apply(to: &options)
        retries.apply(to: &options)
        try requests.apply(to: &options)
        options.showsHeaders = display.headers
        if let notice = DescriptorLimit.fit(&options), !display.quiet { Terminal.complain("concerto: \(notice)") }
        guard demoServer else { return try await run(options) }
        let prepared = options
        try await DemoServer.run(.misbehaving) { server in
            var options = prepared
            options.substitution.server = server.url
            try await run(options)
        }
    }

    private func run(_ options: BatchOptions) async throws {
        if display.dryRun {
            print(try DryRun(options).text(count: 5))
            return
        }
        let run = try BatchRun(options)
        let signals = SignalWatch(run: run, grace: limits.grace.value)
        defer { signals.stop() }
        let progress = display.quiet ? nil : ProgressPrinter(run: run)
        let result: Result<BatchSummary, any Error>
        do { result = .success(try await run.run()) } catch { result = .failure(error) }
        await progress?.stop()
        try tell(try result.get(), run.progress, options)
    }

    /// Says what happened and throws the exit code.
    private func tell(_ summary: BatchSummary, _ progress: BatchProgress, _ options: BatchOptions) throws {
        if let path = display.summaryJSON {
            do {
                try summary.json().write(to: URL(fileURLWithPath: path))
            } catch {
                Terminal.complain(
                    "concerto: the summary could not be written to '\(path)': \(error.localizedDescription)")
            }
        }
        if !display.quiet {
            for failure in progress.failures { Terminal.complain(Self.text(of: failure)) }
            if summary.failed > progress.failures.count {
                Terminal.complain(
                    "        … and \(summary.failed - progress.failures.count) more; they stand in the output")
            }
            Terminal.complain(summary.text)
        }
        switch summary.ending {
        case .completed:
            if summary.failed > 0 { throw ExitCode(ToolExit.someFailed) }
        case .tooManyFailures:
            Terminal.complain("concerto: stopped, more rows failed than --max-failures allows\(resumeHint(options))")
            throw ExitCode(ToolExit.tooManyFailures)
        case .interrupted:
            Terminal.complain("concerto: interrupted\(resumeHint(options))")
            throw ExitCode(ToolExit.interrupted)
        }
    }

    private static func text(of failure: BatchProgress.Failure) -> String {
        let line = "line \(failure.line)"
        let message =
            failure.message.hasPrefix(line + ": ") ? failure.message.dropFirst(line.count + 2) : failure.message[...]
        return Terminal.red("failed") + "  \(line), id \(failure.id): \(failure.kind): \(message)"
    }

    private func resumeHint(_ options: BatchOptions) -> String {
        guard options.input != nil, options.output != nil else {
            return "; a run from a file to a file (-o) could have been resumed"
        }
        return "; go on with:\n  \(ResumeCommand.text(CommandLine.arguments))"
    }
}

/// The command that goes on where this one stopped.
enum ResumeCommand {
    static func text(_ arguments: [String]) -> String {
        var words = arguments.filter { $0 != "--overwrite" }
        if !words.contains("--resume") { words.append("--resume") }
        words.removeAll { $0 == "--retry-failed" }
        return words.map(quoted).joined(separator: " ")
    }

    /// As a POSIX shell reads it.
    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy {
            $0 >= 0x80 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || "-_./:=,%+@".utf8.contains($0)
        }
        return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}
#endif
