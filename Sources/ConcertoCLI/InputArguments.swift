#if CLI
import ArgumentParser
import ConcertoBatch
import Foundation

/// How the input is read, and what makes calls of its rows.
struct InputArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "ndjson, csv, tsv, or lines (a text a line, {line} in templates).", valueName: "format"))
    var inputFormat: InputForm?

    @Option(help: "What is between two cells: one character, or tab. (default: a comma; a tab in .tsv)")
    var delimiter: DelimiterArgument?

    @Flag(name: .customLong("no-header"), help: "The first row of a table is a row; the columns are {1}, {2} …")
    var noHeader = false

    @Option(help: "The column that holds the rows' ids. (default: rows are numbered)")
    var idColumn: String?

    @Option(
        help: ArgumentHelp(
            "The URL, {column} replaced, encoded by its place: 'https://host/{id}?city={city}'.", valueName: "template")
    )
    var url: String?

    @Option(help: "The method; a column may stand in it. (default: GET, or POST with a body)")
    var method: String?

    @Option(
        help: ArgumentHelp(
            "The body, or @FILE with it: '{\"name\": \"{name}\", \"age\": {age:number}}'.", valueName: "template"))
    var body: String?

    @Option(
        help: ArgumentHelp(
            "A field of a form that is the body: 'name=text', or 'name=@path' for a file; {column} is replaced in both.",
            valueName: "name=value"))
    var form: [String] = []

    @Option(
        help: ArgumentHelp(
            "A command of curl whose URL, method, headers and body make the calls; {column} is replaced in it.",
            valueName: "command"))
    var fromCurl: String?

    @Flag(help: "Make a GET or HEAD that several rows share once, and give its answer to all of them.")
    var dedupe = false

    func validate() throws {
        if let fromCurl {
            if url != nil || body != nil || method != nil {
                throw ValidationError(
                    "--from-curl brings URL, method and body along: leave out --url, --method and --body")
            }
            if !form.isEmpty { throw ValidationError("--from-curl brings a body along: leave out --form") }
            _ = try CurlCommand(fromCurl)
        }
    }

    /// - Parameter headers: What `-H` says, as written.
    func apply(to options: inout BatchOptions, headers: [String]) throws {
        options.inputForm = inputFormat ?? .auto
        options.delimiter = delimiter?.value
        options.hasHeader = !noHeader
        options.idColumn = idColumn
        options.joinsEqualCalls = dedupe
        var template = RowTemplate()
        (template.url, template.method, template.body) = (url, method, try body.map(Self.text))
        if let curl = try fromCurl.map(CurlCommand.init) {
            (template.url, template.method) = (curl.url, curl.method)
            template.body = try curl.body.map { $0.isFile ? try Self.text("@" + $0.text) : $0.text }
            options.insecure = options.insecure || curl.insecure
            options.followsRedirects = options.followsRedirects || curl.followsRedirects
            for (name, value) in curl.headers
            where !options.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) {
                if value.contains("{env:") { options.secretHeaders.insert(name.lowercased()) }
                options.headers.append((name, value))
            }
        }
        let environment = ProcessInfo.processInfo.environment
        // Where rows have columns, a header's braces are columns too.
        if options.readsColumns || template.url != nil || template.method != nil || template.body != nil {
            // `-H` has had its variables replaced already: one with columns in it is taken as it was written, for what comes
            // from the environment may hold braces of its own.
            let written = options.headers.enumerated().map { index, header in
                index < headers.count ? headers[index].drop { $0 != ":" }.dropFirst() : header.value[...]
            }
            let isOpen = written.enumerated().map { index, value in
                (index < headers.count ? String(value).replacing(/\{env:[^}]*\}/, with: "") : String(value)).contains(
                    "{")
            }
            for (index, header) in options.headers.enumerated() where isOpen[index] {
                template.headers.append((header.name, written[index].trimmingCharacters(in: .whitespaces)))
            }
            options.headers = options.headers.enumerated().filter { !isOpen[$0.offset] }.map(\.element)
        }
        options.formFields = form
        // A form is sent, where nothing else is said.
        if !form.isEmpty, template.method == nil { template.method = "POST" }
        let texts =
            [template.url, template.method, template.body].compactMap { $0 } + template.headers.map(\.value) + form
        for text in texts {
            for match in text.matches(of: /\{env:([^}]*)\}/) {
                let name = String(match.1)
                guard let value = environment[name] else {
                    throw ValidationError("the environment variable \(name) is not set, which a template names")
                }
                template.environment[name] = value
                options.substitution.hidden[name] = value
            }
        }
        options.template = template
    }

    /// The words of a command line as they may be shown.
    func masked(_ words: [String]) -> [String] {
        words.map { word in
            var word = word
            if let fromCurl { word = word.replacing(fromCurl, with: "(the command)") }
            if let url { word = word.replacing(url, with: Visible.url(url)) }
            return word
        }
    }

    /// The text itself, or that of a file.
    private static func text(_ argument: String) throws -> String {
        guard argument.hasPrefix("@") else { return argument }
        let path = String(argument.dropFirst())
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw ValidationError("--body @\(path): the file can't be read; put the body there, or write it without @")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ValidationError("--body @\(path): the file is no text in UTF-8")
        }
        // The line break that ends a file of text is not a part of the body.
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

extension InputForm: ExpressibleByArgument {}

struct DelimiterArgument: WrittenArgument {
    var value: UInt8
    var text: String

    init(_ value: UInt8, _ text: String) { (self.value, self.text) = (value, text) }

    static func read(_ text: String) -> UInt8? {
        if text == "tab" || text == "\\t" { return 0x09 }
        guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, byte >= 0x20 || byte == 0x09 else {
            return nil
        }
        return byte
    }
}
#endif
