#if Batch
/// A column of the results that is a part of the answer.
public struct Selection: Sendable {
    /// What the column is called.
    public var name: String
    /// Where in the answer's body it stands.
    public var path: JSONPath

    /// Members of a result that are there anyway.
    static let taken: Set<String> = [
        "id", "status", "headers", "body", "body_encoding", "body_truncated", "attempts", "latency_ms", "queued_ms",
        "error", "file", "bytes", "pages",
        "metadata",
    ]

    /// Reads `name=.path`.
    ///
    /// - Throws: ``JSONPath/Problem``.
    public init(_ text: String) throws(JSONPath.Problem) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw JSONPath.Problem(
                description: "'\(Visible.text(text))' is no selection; one looks like name=.items[0].name")
        }
        name = String(text[..<equals])
        path = try JSONPath(String(text[text.index(after: equals)...]))
        guard !Self.taken.contains(name) else {
            throw JSONPath.Problem(
                description: "'\(name)' is what results call something else already; give the selection another name")
        }
    }
}

/// What an answer has to be like for its row to count as done: a 200 may have an error inside.
public struct Expectation: Sendable {
    private enum Subject: Sendable {
        case status
        case body(JSONPath)
    }

    private enum Test: Sendable {
        case isThere
        case equals(JSONText)
        case differs(JSONText)
    }

    private let subject: Subject
    private let test: Test
    private let source: String

    /// Reads `.path`, `.path == JSON`, `.path != JSON`, or the same of `status`.
    ///
    /// - Throws: ``JSONPath/Problem``.
    public init(_ text: String) throws(JSONPath.Problem) {
        source = text
        var left = text[...]
        var test = Test.isThere
        for (sign, isEqual) in [("==", true), ("!=", false)] {
            guard let range = text.range(ofOutsideQuotes: sign) else { continue }
            left = text[..<range.lowerBound]
            do throws(JSONSyntaxError) {
                let value = try JSONText(text[range.upperBound...].utf8)
                test = isEqual ? .equals(value) : .differs(value)
            } catch {
                throw JSONPath.Problem(
                    description:
                        "'\(Visible.text(text))' compares with what is no JSON; a string needs quotes: .state == \"done\""
                )
            }
        }
        let subject = left.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if subject == "status" {
            guard case .isThere = test else {
                (self.subject, self.test) = (.status, test)
                return
            }
            throw JSONPath.Problem(description: "'status' must be compared: status == 200")
        }
        (self.subject, self.test) = (.body(try JSONPath(String(left))), test)
    }

    /// What is wrong with an answer; `nil` if it is as expected.
    ///
    /// - Parameter body: The answer's body, if it is JSON.
    func failure(status: Int, body: [UInt8]?) -> String? {
        let value: JSONText?
        switch subject {
        case .status: value = .integer(status)
        case .body(let path):
            guard let body else { return "expected \(source), and the answer is no JSON" }
            value = path.value(in: body)
        }
        let found = value.map { Visible.text($0.text.prefix(60)) + ($0.text.count > 60 ? "…" : "") } ?? "nothing"
        let holds =
            switch test {
            case .isThere: !["null", "false", "[]"].contains(value?.text ?? "null")
            case .equals(let other): Self.areEqual(value, other)
            case .differs(let other): !Self.areEqual(value, other)
            }
        return holds ? nil : "expected \(source), found \(found)"
    }

    /// What is not there is `null`. Numbers are equal if they are the same number, however they are written.
    private static func areEqual(_ left: JSONText?, _ right: JSONText) -> Bool {
        guard let left else { return right.text == "null" }
        if left == right { return true }
        if let a = left.stringValue, let b = right.stringValue { return a == b }
        guard left.bytes.first?.isNumberStart == true, right.bytes.first?.isNumberStart == true,
            !left.isInteger || !right.isInteger
        else { return false }
        return Double(left.text) == Double(right.text)
    }
}

extension UInt8 {
    fileprivate var isNumberStart: Bool { isDigit || self == UInt8(ascii: "-") }
}

extension String {
    fileprivate func range(ofOutsideQuotes sign: String) -> Range<String.Index>? {
        var isQuoted = false
        var index = startIndex
        while index < endIndex {
            if self[index] == "\"" { isQuoted.toggle() }
            if !isQuoted, self[index...].hasPrefix(sign) { return index..<self.index(index, offsetBy: sign.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
#endif
