#if CLI
import ArgumentParser
import ConcertoBatch
import ConcertoBatchPostgres
import ConcertoHTTP
import Foundation

/// `concerto batch submit`.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Brings the rows of a file into the store, for `concerto batch work`.",
        discussion: """
            Prints the run's name. What makes the calls is kept with the rows and read again by every worker, with the \
            environment that it has there: {env:NAME} is a variable of the workers' machines, set here too. Secrets that stand \
            in the command line itself are refused.
            """)

    @Argument(help: "The file of rows (NDJSON, CSV, URLs; gzip too).", completion: .file())
    var input: String

    @OptionGroup(title: "Store") var store: StoreArguments

    @Option(help: "The run's name. (default: the file's, with the time)")
    var name: String?

    @Option(help: "Runs of higher priority are worked on first.")
    var priority = 0

    @Option(help: "Workers that are expected, by which the rows are cut into chunks.")
    var workers = 4

    @Option(
        help: """
            Calls a second (50/s), a minute or an hour that all workers of the run make together; given more than once, all hold. \
            (default: no limit)
            """)
    var rate: [RateArgument] = []

    @OptionGroup(title: "Rows") var rows: InputArguments
    @OptionGroup(title: "Results") var results: SharedResultArguments
    @OptionGroup(title: "Retries") var retries: RetryArguments
    @OptionGroup(title: "Requests") var requests: RequestArguments
    @Flag(help: "Refuse the file if one of its rows can't be read.") var strict = false

    func validate() throws {
        guard (1...10_000).contains(workers) else { throw ValidationError("--workers must be 1 to 10,000") }
        guard !rate.contains(where: \.value.isWeighted) else {
            throw ValidationError("--rate of a run counts calls: 50/s, 100/m, 1000/h")
        }
    }

    /// The options that the calls of this run are made by, without what is a worker's own.
    func options() throws -> BatchOptions {
        var options = BatchOptions()
        options.input = input
        options.strict = strict
        retries.apply(to: &options)
        try requests.apply(to: &options)
        try rows.apply(to: &options, headers: requests.header)
        results.apply(to: &options)
        return options
    }

    func run() async throws {
        var options = try self.options()
        options.notice = { Terminal.complain("concerto: \($0)") }
        let description = SharedRunOptions(words: try words(), rates: rate.map(\.text))
        let name = self.name ?? "\(URL(fileURLWithPath: input).lastPathComponent)-\(Int(Date().timeIntervalSince1970))"
        let submission = SharedSubmission(options)
        try await store.withStore { store in
            let run = try await submission.run(name, description, priority: priority, workers: workers, into: store)
            if self.store.json { try self.store.tell([try await store.status(of: run)]) } else { print(run.name) }
        }
    }

    /// Whether a secret stands in what makes calls of rows, beside what comes from the environment.
    private func rowsHoldSecret() throws -> Bool {
        let curl = try rows.fromCurl.map(CurlCommand.init)
        let literal = { (text: String) in text.replacing(/\{env:[^}]*\}/, with: "") }
        let saysMore = { (text: String) in
            !text.split(separator: " ").allSatisfy { ["bearer", "basic", "token"].contains($0.lowercased()) }
        }
        for url in [rows.url, curl?.url].compactMap({ $0 }).map(literal) where Visible.url(url) != url { return true }
        for field in rows.form {
            let parts = literal(field).split(separator: "=", maxSplits: 1).map(String.init)
            // A file is read where the worker is, and a column is the row's.
            guard parts.count == 2, !parts[1].hasPrefix("@") else { continue }
            let text = parts[1].replacing(/\{[^}]*\}/, with: "")
            // As in a URL, where more names are known than of headers.
            let isNamed =
                Visible.url("?\(parts[0])=x") != "?\(parts[0])=x"
                || requests.secretHeader.contains { $0.lowercased() == parts[0].lowercased() }
            if isNamed && saysMore(text) || Visible.url(text) != text { return true }
        }
        return curl?.headers.contains { HeaderRules.isSecret($0) && saysMore(literal($1)) } ?? false
    }

    /// The words that a worker makes the same options of: files that they name are read now.
    private func words() throws -> [String] {
        let given = Array(CommandLine.arguments.dropFirst(3))
        guard requests.masked(given) == given, try !rowsHoldSecret() else {
            throw ValidationError(
                "a secret stands in the command line, which would be kept in the database: put it into an environment "
                    + "variable of the workers, and write {env:NAME}")
        }
        var words: [String] = []
        var isStore = false
        for word in given {
            defer { isStore = word == "--store" }
            // Where the store is, the worker knows; and a password may stand there.
            if isStore || word == "--store" || word.hasPrefix("--store=") { continue }
            guard let body = rows.body, body.hasPrefix("@"), word == body || word == "--body=" + body else {
                words.append(word)
                continue
            }
            var text = BatchOptions()
            try rows.apply(to: &text, headers: requests.header)
            words.append((word == body ? "" : "--body=") + (text.template.body ?? ""))
        }
        return words
    }
}

/// What becomes of the answers, as far as workers decide it.
struct SharedResultArguments: ParsableArguments {
    @Option(help: ArgumentHelp("A part of the answer instead of its body; see concerto batch.", valueName: "name=path"))
    var select: [SelectionArgument] = []

    @Option(help: ArgumentHelp("What an answer must be like, or its row has failed.", valueName: "condition"))
    var expect: [ExpectationArgument] = []

    @Option(help: "Bytes of an answer's body that are kept.")
    var maxBody = SizeArgument(10_000_000, "10MB")

    @Option(help: "How long an attempt may take; a row's own timeout goes before it.")
    var timeout = DurationArgument(.seconds(30), "30s")

    @Option(help: "How long a row may take with all its attempts and waits. (default: no limit)")
    var totalTimeout: DurationArgument?

    @Flag(help: "Show the answers' headers in the results.")
    var headers = false

    func apply(to options: inout BatchOptions) {
        options.selections = select.map(\.value)
        options.expectations = expect.map(\.value)
        options.maxBody = maxBody.value
        options.timeout = timeout.value
        options.totalTimeout = totalTimeout?.value
        options.showsHeaders = headers
    }
}
#endif
