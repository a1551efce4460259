#if Batch
import ConcertoHTTP
import Foundation

/// Shows the first calls as they would be sent, secrets masked, and sends none.
public struct DryRun: Sendable {
    private let options: BatchOptions

    /// - Throws: ``BatchError`` that names every option that makes no sense.
    public init(_ options: BatchOptions) throws {
        let problems = options.problems
        guard problems.isEmpty else { throw BatchError.configuration(problems.joined(separator: "; ")) }
        self.options = options
    }

    /// The first `count` calls, as text.
    ///
    /// - Throws: ``BatchError`` if the input can't be read.
    public func text(count: Int) throws -> String {
        let parser = RowParser(substitution: options.substitution, secretHeaders: options.hiddenHeaders)
        let input = try InputFile(path: options.input)
        var reader = input.reader()
        var shown: [String] = []
        while shown.count < count, let line = try reader.next() {
            guard line.contains(where: { !$0.isJSONWhitespace }) else { continue }
            let number = shown.count + 1
            switch parser.parse(line, number: number, lineNumber: reader.lineNumber) {
            case .failure(let row): shown.append("# line \(row.identity.line) would fail: \(row.reason)")
            case .success(let row): shown.append(text(of: row))
            }
        }
        guard !shown.isEmpty else {
            throw BatchError.configuration("the input '\(options.input ?? "-")' holds no rows")
        }
        return shown.joined(separator: "\n\n")
    }

    private func text(of row: BatchRow) -> String {
        let call = options.call(for: row, runID: "RUN")
        var lines = ["# line \(row.identity.line), id \(row.identity.key)", "\(call.method) \(masked(call.url))"]
        for (name, value) in call.headers {
            lines.append("\(name): \(options.hiddenHeaders.contains(name.lowercased()) ? "(secret)" : value)")
        }
        if let body = call.body {
            let text = String(validating: body.prefix(2_000), as: UTF8.self) ?? "(\(body.count) bytes)"
            lines.append("\n\(text)\(body.count > 2_000 ? " …" : "")")
        }
        return lines.joined(separator: "\n")
    }

    /// The URL without values that came from the environment. A row's user and password are a header by now.
    private func masked(_ url: String) -> String {
        var shown = url
        for value in options.substitution.environment.values where !value.isEmpty {
            shown = shown.replacingOccurrences(of: value, with: "(secret)")
        }
        return shown
    }
}
#endif
