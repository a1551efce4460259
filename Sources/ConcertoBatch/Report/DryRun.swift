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
        let parser = try RowParser(options)
        let input = try InputFile(path: options.input)
        var reader = RowReader(input, InputShape(options))
        var shown: [String] = []
        while shown.count < count, let record = try reader.next() {
            switch parser.parse(record, number: shown.count + 1) {
            case .failure(let row): shown.append("# line \(row.identity.line) would fail: \(row.reason)")
            case .success(let row): shown.append(text(of: row))
            }
        }
        guard !shown.isEmpty else {
            throw BatchError.configuration("\(input.name) holds no rows")
        }
        return Visible.lines(shown.joined(separator: "\n\n"))
    }

    private func text(of row: BatchRow) -> String {
        let call = options.call(for: row, runID: "RUN")
        var lines = [
            "# line \(row.identity.line), id \(Visible.text(row.identity.key))", "\(call.method) \(masked(call.url))",
        ]
        for (name, value) in call.headers {
            lines.append("\(name): \(options.hides(name) ? URLSecrets.mask : masked(value))")
        }
        if row.losesText { lines.append("# what stands behind # in the URL is not sent; write %23 for the character") }
        if !options.formFields.isEmpty, let form = try? FormBody(options.formFields, in: options.template) {
            lines.append("\n" + form.text(of: row))
        } else if let body = call.body {
            // Masked before it is cut: a part of a secret is one.
            let text = String(validating: body, as: UTF8.self).map { options.substitution.hidingAll($0) }
            let shown = text.map { String($0.prefix(2_000)) + ($0.utf8.count > 2_000 ? " …" : "") }
            lines.append("\n\(shown ?? "(\(body.count) bytes)")")
        }
        return lines.joined(separator: "\n")
    }

    /// A text without values that came from the environment, and without what else is secret in a URL.
    private func masked(_ text: String) -> String {
        URLSecrets.masked(options.substitution.hidingAll(text))
    }
}
#endif
