#if Batch
import ConcertoHTTP
import Foundation

/// Turns a line of the input into a row, or says why it can't.
struct RowParser: Sendable {
    var substitution: Substitution
    /// Names of secret headers, in lower case, besides those that look secret.
    var secretHeaders: Set<String>
    /// What fingerprints are made with.
    var key = SipHash.Key.zero
    /// What rows that are objects are filled up with, from their metadata.
    var template: CallTemplate?
    /// Columns that further steps need.
    var stepColumns: Set<String> = []
    /// The header by whose value limits and gates are kept, in lower case, and what its values are called.
    var accounts: (header: String, labels: AccountLabels)?

    private static let fields: Set<String> = ["id", "method", "url", "headers", "body", "timeout", "metadata"]

    func parse(_ line: ArraySlice<UInt8>, number: Int, lineNumber: Int) -> Result<BatchRow, InvalidRow> {
        var draft = Draft(identity: RowIdentity(number: number, line: lineNumber))
        do {
            try read(Array(line), into: &draft)
            if !stepColumns.isEmpty { try noteColumns(&draft) }
            if let template { try fill(&draft, by: template) }
            return .success(try row(from: draft))
        } catch {
            return .failure(failed(draft, error, line))
        }
    }

    func failed(_ draft: Draft, _ error: any Error, _ text: some Sequence<UInt8>) -> InvalidRow {
        var fingerprint = RowFingerprint()
        fingerprint.note("(unreadable row)", text, key: key)
        return InvalidRow(
            identity: draft.identity, reason: error is JSONSyntaxError ? "not valid JSON: \(error)" : "\(error)",
            metadata: draft.metadata, fingerprint: fingerprint)
    }

    /// What stood in the line, checked for shape only.
    struct Draft {
        var identity: RowIdentity
        var method: String?
        var url: String?
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        /// What the body is, if no header says so.
        var bodyType: String?
        var timeout: Duration?
        var metadata: JSONText?
        var fingerprint = RowFingerprint()
        /// Whether placeholders stand for something still: what a template has made is as it is to be.
        var hasPlaceholders = true
        /// The URL as messages may show it, where it is not that of the row.
        var source: String?
        var columns: [String: TemplateValue] = [:]
        var secrets: [String] = []
    }

    struct Problem: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    private func read(_ line: [UInt8], into draft: inout Draft) throws {
        var members: [(key: String, value: JSONText)] = []
        try line.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            guard scanner.peek() == UInt8(ascii: "{") else {
                throw Problem("not a JSON object; a row looks like {\"url\": \"https://example.com\"}")
            }
            members = try scanner.members(of: line)
            if scanner.peek() != nil { throw scanner.error("unexpected text after the row") }
        }
        // The id and the metadata first: a row that fails later should still be found by them.
        for key in ["id", "metadata"] {
            guard let value = members.first(where: { $0.key == key })?.value, value.text != "null" else { continue }
            if key == "id" { try readID(value, into: &draft) } else { draft.metadata = value }
        }
        var seen: Set<String> = []
        for (key, value) in members {
            guard seen.insert(key).inserted else { throw Problem("'\(key)' stands there twice") }
            guard Self.fields.contains(key) else {
                throw Problem(
                    "unknown field '\(Visible.text(key.prefix(40)))'; a row has \(Self.fields.sorted().joined(separator: ", ")); "
                        + "what should come back with the result belongs into metadata")
            }
            if value.text != "null" { try readField(key, value, into: &draft) }
        }
    }

    private func readID(_ value: JSONText, into draft: inout Draft) throws {
        guard value.stringValue != nil || value.isInteger else {
            throw Problem("'id' must be a string or an integer, found \(Visible.text(value.text.prefix(40)))")
        }
        guard value.stringValue?.utf8.contains(0) != true else { throw Problem("'id' must not hold a NUL") }
        guard value.stringValue != "" else { throw Problem("'id' must not be empty") }
        draft.identity = RowIdentity(number: draft.identity.number, line: draft.identity.line, token: value)
    }

    private func readField(_ key: String, _ value: JSONText, into draft: inout Draft) throws {
        switch key {
        case "method": draft.method = try text(value, key)
        case "url":
            let url = try text(value, key)
            draft.url = url
            draft.fingerprint.note("url", URLSecrets.masked(url, by: "").utf8, key: self.key)
            return
        case "headers":
            draft.headers = try headers(value)
            let open = draft.headers.map { ($0.name, isSecret($0.name) ? "" : $0.value) }
            draft.fingerprint.note("headers", open.map { "\($0): \($1)\n" }.joined().utf8, key: self.key)
            return
        case "body":
            draft.body = value.stringValue.map { Array($0.utf8) } ?? value.bytes
            draft.bodyType = value.stringValue == nil ? "application/json" : "text/plain; charset=utf-8"
        case "timeout": draft.timeout = try duration(value)
        default: break
        }
        if key != "id" { draft.fingerprint.note(key, value.bytes, key: self.key) }
    }

    func isSecret(_ header: String) -> Bool {
        HeaderRules.isSecret(header) || secretHeaders.contains(header.lowercased())
    }

    private func text(_ value: JSONText, _ key: String) throws -> String {
        guard let text = value.stringValue else { throw Problem("'\(key)' must be a string") }
        return text
    }

    private func headers(_ value: JSONText) throws -> [(name: String, value: String)] {
        guard value.bytes.first == UInt8(ascii: "{") else {
            throw Problem("'headers' must be an object of names and values")
        }
        let members = try value.bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return try scanner.members(of: value.bytes)
        }
        return try members.map { name, value in
            guard let text = value.stringValue else {
                let shown = HeaderRules.isToken(name) ? "the header '\(name)'" : "each header"
                throw Problem("\(shown) must have a string")
            }
            return (name, text)
        }
    }

    private func duration(_ value: JSONText) throws -> Duration {
        let parsed = parseDuration(value.stringValue ?? value.text)
        guard let parsed, parsed > .zero, parsed <= .seconds(86_400) else {
            throw Problem("'timeout' must be a number of seconds or a text like \"500ms\", above 0 and up to a day")
        }
        return parsed
    }

    func row(from draft: Draft) throws -> BatchRow {
        guard let template = draft.url else { throw Problem("'url' is missing") }
        func filled(_ text: String) throws -> String {
            draft.hasPlaceholders ? try substitution.apply(to: text) : text
        }
        let address = try Self.target(try filled(template), draft.source ?? template)
        let method = (draft.method ?? (draft.body == nil ? "GET" : "POST")).uppercased()
        guard HeaderRules.isToken(method) else {
            throw Problem("'\(Visible.text(method.prefix(40)))' is no HTTP method")
        }
        var headers = try draft.headers.map { ($0.name, try filled($0.value)) }
        for (name, value) in headers {
            if let problem = HeaderRules.problem(name: name, value: value) { throw Problem(problem) }
        }
        if let credentials = address.credentials, !headers.contains(where: { $0.0.lowercased() == "authorization" }) {
            headers.append(("Authorization", credentials))
        }
        if let type = draft.bodyType, !headers.contains(where: { $0.0.lowercased() == "content-type" }) {
            headers.append(("Content-Type", type))
        }
        var host = substitution.label(address.host, of: draft.source ?? template)
        var account = ""
        if let accounts, let value = headers.last(where: { $0.0.lowercased() == accounts.header })?.1 {
            account = accounts.labels.label(of: value)
            host += " (\(account))"
        }
        return BatchRow(
            identity: draft.identity, method: method, url: address.url, host: host, account: account, headers: headers,
            body: draft.body, timeout: draft.timeout,
            metadata: draft.metadata, fingerprint: draft.fingerprint, losesText: Self.losesText(template),
            columns: draft.columns, secrets: draft.secrets)
    }

    /// Whether what stands behind a `#` looks as if it had been meant: a fragment stays at home, and a house number in an
    /// address with it.
    private static func losesText(_ url: String) -> Bool {
        guard let mark = url.firstIndex(of: "#") else { return false }
        let fragment = url[mark...]
        return fragment.contains("%20") || fragment.contains { $0 == " " || $0.isNumber }
    }

    /// Where a row's call goes; what is wrong is said with the URL as the row has it.
    private static func target(_ url: String, _ template: String) throws -> HTTPAddress {
        do throws(HTTPAddress.Problem) {
            return try HTTPAddress(url)
        } catch {
            switch error {
            case .notAbsolute:
                throw Problem("'\(masked(template))' is no absolute URL; it should begin with http:// or https://")
            case .scheme(let scheme):
                throw Problem(
                    "the scheme '\(template.contains("{") ? "…" : scheme)' is not supported; use http or https")
            case .noHost: throw Problem("'\(masked(template))' names no host")
            case .host: throw Problem("'\(masked(template))' names a host that cannot be one")
            case .port:
                throw Problem("'\(masked(template))' names a port that there is not; ports are 1 to 65535")
            }
        }
    }

    /// The URL without what may be secret in it: user, password and query.
    private static func masked(_ url: String) -> String {
        var shown = url.prefix { $0 != "?" }
        if let at = shown.lastIndex(of: "@") { shown = "…" + shown[at...] }
        return String(shown)
    }
}
#endif
