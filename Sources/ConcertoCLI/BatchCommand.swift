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
            Tables (.csv, .tsv, gzip too) and lists of URLs are read as well; --url, --body and -H make calls of columns.
            Results come in the order of completion. Progress and messages go to standard error only.

            Examples:
              concerto batch calls.ndjson -o results.ndjson
              concerto batch calls.ndjson -o results.ndjson -c 64 --rate 200/s -H 'Authorization: Bearer {env:TOKEN}'
              concerto batch calls.ndjson -o results.ndjson --resume --retry-failed
              concerto batch cities.csv -o places.ndjson --url 'https://api.example.com/geocode?q={city}'
              concerto batch cities.csv -o places.csv --url 'https://api.example.com/geocode?q={city}' --select 'lat=.[0].lat'
              concerto batch prompts.ndjson -o answers.ndjson --rate 500/m --rate 90000tokens/m --weight '.max_tokens + chars/4'
              concerto batch calls.ndjson -o out.ndjson --token-url https://auth.example.com/token --token-client '{env:ID}:{env:SECRET}'
              concerto batch jobs.ndjson -o done.ndjson --then poll.json --until '.status == "done"' --every 2s
              concerto batch images.csv -o done.ndjson --id-column id --url '{url}' --save 'images/{id}.jpg'
              concerto batch urls.txt | jq -c 'select(.error)'

            Many machines, one run (PostgreSQL; each has a --help of its own):
              concerto batch submit|work|status|pause|resume|cancel|retry|export|drop|migrate --store postgres://…

            \(ToolExit.help)
            """)

    @Argument(help: "The file of rows (NDJSON, CSV, URLs; gzip too), or - for standard input.", completion: .file())
    var input: String

    @OptionGroup(title: "Rows") var rows: InputArguments
    @OptionGroup(title: "Results") var results: ResultArguments
    @OptionGroup(title: "Files") var files: FileArguments
    @OptionGroup(title: "Limits") var limits: LimitArguments
    @OptionGroup(title: "Retries") var retries: RetryArguments
    @OptionGroup(title: "Requests") var requests: RequestArguments
    @OptionGroup(title: "To look at") var display: DisplayArguments

    @Flag(help: "Call the demo server, which replaces {server} in the rows.")
    var demoServer = false

    func validate() throws {
        for (name, path) in [("report", display.report), ("summary-json", display.summaryJSON)] {
            guard let path else { continue }
            let url = URL(fileURLWithPath: path).standardizedFileURL
            let others = [input, files.output, files.store, results.failed].compactMap { $0 }
            if others.contains(where: { URL(fileURLWithPath: $0).standardizedFileURL == url }) {
                throw ValidationError("--\(name) '\(path)' is another file of the run; give it one of its own")
            }
            var isFolder: ObjCBool = false
            let folder = url.deletingLastPathComponent().path
            guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
                throw ValidationError("--\(name) '\(path)' can't be written: there is no folder '\(folder)'")
            }
        }
    }

    func run() async throws {
        var options = BatchOptions()
        options.input = input == "-" ? nil : input
        files.apply(to: &options)
        limits.apply(to: &options)
        retries.apply(to: &options)
        try requests.apply(to: &options)
        try rows.apply(to: &options, headers: requests.header)
        try results.apply(to: &options)
        options.showsHeaders = display.headers
        options.sample = display.sample
        options.keepsTimeline = display.report != nil
        if !display.quiet { options.notice = { Terminal.complain("concerto: \($0)") } }
        if let notice = DescriptorLimit.fit(&options), !display.quiet { Terminal.complain("concerto: \(notice)") }
        guard demoServer else { return try await run(options) }
        let prepared = options
        try await DemoServer.run(.misbehaving) { server in
            var options = prepared
            options.substitution.server = server.url
            options.template.server = server.url
            try await run(options)
        }
    }

    private func run(_ options: BatchOptions) async throws {
        if display.dryRun {
            print(try DryRun(options).text(count: 5))
            return
        }
        let run = try BatchRun(options)
        let title = options.input.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "standard input"
        var dashboard: BatchDashboard?
        if let place = display.dashboard {
            dashboard = try await BatchDashboard.start(place.value, of: run, title: "concerto batch \(title)")
            if !display.quiet { Terminal.complain("concerto: the dashboard is at \(dashboard?.url ?? "")") }
        }
        let signals = SignalWatch(run: run, grace: limits.grace.value)
        defer { signals.stop() }
        // Results on the terminal and a line that redraws itself would overwrite each other.
        let sharesTerminal = options.output == nil && isatty(STDOUT_FILENO) == 1
        let progress = display.quiet || sharesTerminal ? nil : ProgressPrinter(run: run)
        let result: Result<BatchSummary, any Error>
        do { result = .success(try await run.run()) } catch { result = .failure(error) }
        await progress?.stop()
        await dashboard?.stop()
        let summary = try result.get()
        if let path = display.report, let report = run.report(summary) {
            write(Data(report.html.utf8), to: path, "report")
        }
        try tell(summary, run.progress, options)
    }

    /// Says what happened and throws the exit code.
    private func tell(_ summary: BatchSummary, _ progress: BatchProgress, _ options: BatchOptions) throws {
        if let path = display.summaryJSON {
            if let json = try? summary.json() { write(json, to: path, "summary") }
        }
        if !display.quiet {
            for failure in progress.failures { Terminal.complain(Self.text(of: failure), label: "failed") }
            if summary.failed > progress.failures.count {
                Terminal.complain(
                    "        … and \(summary.failed - progress.failures.count) more; they stand in the output")
            }
            Terminal.complain(summary.text)
        }
        let resume = resumeHint(options)
        switch summary.ending {
        case .completed, .sampled:
            if summary.ending == .sampled, options.canBeResumed, !display.quiet {
                Terminal.complain("concerto: \(summary.unfinished ?? 0) rows are left\(resume)")
            }
            guard summary.failedAltogether > 0 else { return }
            if summary.failed == 0, !display.quiet {
                Terminal.complain(
                    "concerto: rows of an earlier run have failed; --resume --retry-failed calls them again")
            }
            throw ExitCode(ToolExit.someFailed)
        case .tooManyFailures:
            Terminal.complain("concerto: stopped, more rows failed than --max-failures allows\(resume)")
            throw ExitCode(ToolExit.tooManyFailures)
        case .interrupted:
            Terminal.complain("concerto: interrupted\(resume)")
            throw ExitCode(ToolExit.interrupted)
        case .inputChanged:
            Terminal.complain(
                "concerto: the input was changed while it was read: rows that were there at first are gone or differ; "
                    + "put them back\(resume)")
            throw ExitCode(ToolExit.mismatch)
        }
    }

    private func write(_ data: Data, to path: String, _ what: String) {
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            Terminal.complain("concerto: the \(what) could not be written to '\(path)': \(error.localizedDescription)")
        }
    }

    private static func text(of failure: BatchProgress.Failure) -> String {
        let line = "line \(failure.line)"
        let message =
            failure.message.hasPrefix(line + ": ") ? failure.message.dropFirst(line.count + 2) : failure.message[...]
        return "\(line), id \(Visible.text(failure.id)): \(failure.kind): \(Visible.text(message))"
    }

    private func resumeHint(_ options: BatchOptions) -> String {
        guard options.canBeResumed else {
            return "; a run from a file to a file (-o) could have been resumed"
        }
        let words = ResumeCommand.words(CommandLine.arguments)
        let shown = rows.masked(requests.masked(words))
        let note = shown == words ? "" : " (with the secrets that are not shown here)"
        return "; go on with\(note):\n  \(ResumeCommand.text(shown))"
    }
}

/// The command that goes on where this one stopped.
enum ResumeCommand {
    /// Rows that failed in this run have not been tried twice for want of trying: who wants that says so again.
    static func words(_ arguments: [String]) -> [String] {
        var words = arguments.filter {
            $0 != "--overwrite" && $0 != "--retry-failed" && !$0.hasPrefix("--sample=")
        }
        // A resumed run takes all that are left.
        if let sample = words.firstIndex(of: "--sample") { words.removeSubrange(sample..<min(sample + 2, words.count)) }
        if !words.contains("--resume") { words.append("--resume") }
        return words
    }

    static func text(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }

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
