#if Batch
import ConcertoBatch
import Foundation
import TestSupport

/// A batch over sockets, against a server of bad manners.
struct CaseRun {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Makes the calls of `rows`, lines of JSON, without retries unless `change` wants some.
    func run(_ rows: [String], _ change: (inout BatchOptions) -> Void = { _ in }) async throws -> [String: Line] {
        var options = BatchOptions()
        options.input = try folder.write("input", rows.joined(separator: "\n") + "\n")
        options.output = folder("out")
        options.existing = .overwrite
        options.maxRetries = 0
        options.backoffBase = .milliseconds(1)
        options.backoffCap = .milliseconds(1)
        change(&options)
        _ = try await BatchRun(options).run()
        var lines: [String: Line] = [:]
        for text in try folder.lines("out") {
            let line = try Line(text)
            guard lines.updateValue(line, forKey: line.id) == nil else { throw RunSetup.BadOutput(line: text) }
        }
        return lines
    }

    /// A result.
    struct Line: CustomStringConvertible {
        var text: String
        private let object: [String: Any]

        init(_ text: String) throws {
            self.text = text
            guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
                throw RunSetup.BadOutput(line: text)
            }
            self.object = object
        }

        var id: String { "\(object["id"] ?? "")" }
        var status: Int? { object["status"] as? Int }
        var attempts: Int? { object["attempts"] as? Int }
        var kind: String? { (object["error"] as? [String: Any])?["kind"] as? String }
        var description: String { text }

        subscript(name: String) -> Any? { object[name] }

        /// What stands between `"body":` and the next field, as it stands there.
        var body: Substring? {
            guard let start = text.firstRange(of: "\"body\":"), let end = text.firstRange(of: ",\"attempts\":") else {
                return nil
            }
            return text[start.upperBound..<end.lowerBound]
        }
    }
}
#endif
