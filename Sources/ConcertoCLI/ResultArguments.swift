#if CLI
import ArgumentParser
import ConcertoBatch
import Foundation

/// What becomes of the answers.
struct ResultArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A part of the answer as a column of the results, instead of its body: 'city=.items[0].address.city'.",
            valueName: "name=path"))
    var select: [SelectionArgument] = []

    @Option(
        help: ArgumentHelp(
            "What an answer must be like, or its row has failed: '.errors == null', '.id', 'status == 200'.",
            valueName: "condition"))
    var expect: [ExpectationArgument] = []

    @Flag(help: "Write the results in the order of the input, when the run ends.")
    var ordered = false

    @Option(
        help: ArgumentHelp(
            "ndjson, csv or tsv. (default: by the output's name; tables are in the order of the input)",
            valueName: "format"))
    var outputFormat: OutputForm?

    @Option(
        help: ArgumentHelp(
            "Write each answer's body to a file of its own: 'downloads/{id}.bin'; columns may stand in the name.",
            valueName: "file"), completion: .file())
    var save: String?

    @Option(
        help: "Write the rows that failed to this file, as the input of another run.", completion: .file())
    var failed: String?

    @Option(
        help: ArgumentHelp(
            "Where an answer tells the next page: .paging.next (a URL) or cursor=.meta.cursor (a parameter).",
            valueName: "path"))
    var next: NextArgument?

    @Flag(help: "The next page stands in a Link header (rel=\"next\").")
    var nextLink = false

    @Option(
        help: ArgumentHelp(
            "The next page has a number in its query that is so much larger: offset=100. Needs --join.",
            valueName: "name=step"))
    var nextOffset: NextOffsetArgument?

    @Option(help: "Pages of a row, at most.")
    var maxPages = 1_000

    @Option(
        help: "Where in a page its items stand; those of all pages become one list. (default: the pages themselves)")
    var join: PathArgument?

    @Option(
        help: ArgumentHelp(
            "A file with calls that follow on each row's, {\"url\": \"{location}\"}: {.path} is a part of the answer before.",
            valueName: "file"), completion: .file())
    var then: String?

    @Option(
        help: ArgumentHelp(
            "Make the last call again until its answer is so: '.status == \"done\"'.", valueName: "condition"))
    var until: ExpectationArgument?

    @Option(help: "The time between two calls of --until; a Retry-After that is longer goes before it.")
    var every = DurationArgument(.seconds(2), "2s")

    @Option(help: "Calls of --until for a row, at most.")
    var maxPolls = 1_000

    func validate() throws {
        let ways = [next != nil, nextLink, nextOffset != nil].filter { $0 }.count
        if ways > 1 { throw ValidationError("--next, --next-link and --next-offset exclude each other") }
        if join != nil, ways == 0 {
            throw ValidationError(
                "--join belongs to pages: say with --next, --next-link or --next-offset where they stand")
        }
    }

    func apply(to options: inout BatchOptions) throws {
        if let then { options.steps = try Self.steps(then, &options) }
        if let until {
            var polling = Polling(until: until.value)
            (polling.every, polling.maximum) = (every.value, maxPolls)
            options.polling = polling
        }
        if let way = next?.value ?? nextOffset?.value ?? (nextLink ? .link : nil) {
            var paging = Paging(way)
            paging.maximum = maxPages
            paging.items = join?.value
            options.paging = paging
        }
        options.selections = select.map(\.value)
        options.expectations = expect.map(\.value)
        options.isOrdered = ordered
        options.outputForm = outputFormat ?? .auto
        options.failedRows = failed
        options.save = save
    }
}

extension ResultArguments {
    /// The steps of a file, with the variables that they name.
    private static func steps(_ path: String, _ options: inout BatchOptions) throws -> [BatchStep] {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
            let text = String(validating: data, as: UTF8.self)
        else { throw ValidationError("--then \(path): the file can't be read, or is no text in UTF-8") }
        var steps: [BatchStep]
        do {
            steps = try BatchStep.steps(text)
        } catch {
            throw ValidationError("--then \(path): \(error)")
        }
        let environment = ProcessInfo.processInfo.environment
        for match in text.matches(of: /\{env:([^}]*)\}/) {
            let name = String(match.1)
            guard let value = environment[name] else {
                throw ValidationError("--then \(path): the environment variable \(name) is not set")
            }
            for index in steps.indices { steps[index].template.environment[name] = value }
            options.substitution.hidden[name] = value
        }
        return steps
    }
}

extension OutputForm: ExpressibleByArgument {}

/// An argument whose mistakes have sentences of their own.
struct SelectionArgument: ExpressibleByArgument {
    var value: Selection

    init?(argument: String) {
        guard let value = Explained.value({ () throws(JSONPath.Problem) in try Selection(argument) }) else {
            return nil
        }
        self.value = value
    }
}

struct ExpectationArgument: ExpressibleByArgument {
    var value: Expectation

    init?(argument: String) {
        guard let value = Explained.value({ () throws(JSONPath.Problem) in try Expectation(argument) }) else {
            return nil
        }
        self.value = value
    }
}

struct NextArgument: ExpressibleByArgument {
    var value: Paging.Next

    init?(argument: String) {
        guard let value = Explained.value({ () throws(JSONPath.Problem) in try Paging.next(argument) }) else {
            return nil
        }
        self.value = value
    }
}

struct NextOffsetArgument: ExpressibleByArgument {
    var value: Paging.Next

    init?(argument: String) {
        guard let value = Paging.offset(argument) else { return nil }
        self.value = value
    }
}

struct PathArgument: ExpressibleByArgument {
    var value: JSONPath

    init?(argument: String) {
        guard let value = Explained.value({ () throws(JSONPath.Problem) in try JSONPath(argument) }) else { return nil }
        self.value = value
    }
}

/// Says what is wrong with an argument before the parser says that it is.
enum Explained {
    static func value<Value>(_ make: () throws(JSONPath.Problem) -> Value) -> Value? {
        do throws(JSONPath.Problem) {
            return try make()
        } catch {
            Terminal.complain("concerto: \(error)")
            return nil
        }
    }
}
#endif
