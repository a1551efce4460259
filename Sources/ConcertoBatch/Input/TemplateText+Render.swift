#if Batch
/// What a row has for a placeholder.
enum TemplateValue: Sendable {
    case text(String)
    case json(JSONText)

    /// As it stands in a text.
    var text: String {
        switch self {
        case .text(let text): text
        case .json(let json): json.text == "null" ? "" : json.stringValue ?? json.text
        }
    }
}

extension TemplateText {
    /// The text with a row's values in it; `nil` if it is to be left out.
    ///
    /// - Parameters:
    ///   - secrets: Whether what came from the environment is shown.
    ///   - value: What the row has for a placeholder.
    func render(
        secrets: Bool = true, _ value: (Hole) throws(TemplateProblem) -> TemplateValue
    ) throws(TemplateProblem) -> [UInt8]? {
        var result: [UInt8] = []
        var leftOut = false
        for part in parts {
            switch part {
            case .text(let bytes):
                // The pair before has gone, and so does what was between the two.
                let joins = leftOut && result.last == UInt8(ascii: "?") && bytes.first == UInt8(ascii: "&")
                result.append(contentsOf: joins ? bytes.dropFirst() : bytes[...])
                leftOut = false
            case .secret(let bytes): if secrets { result.append(contentsOf: bytes) }
            case .hole(let hole):
                let value = try value(hole)
                guard hole.isOptional, value.text.isEmpty else {
                    try append(value, for: hole, to: &result)
                    continue
                }
                if kind == .header { return nil }
                leftOut = true
                if let start = result.lastIndex(where: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "?") }) {
                    // A mark of the query stays for the pairs behind it.
                    result.removeSubrange((result[start] == UInt8(ascii: "?") ? start + 1 : start)...)
                }
            }
        }
        if leftOut, result.last == UInt8(ascii: "?") { result.removeLast() }
        return result
    }

    private func append(
        _ value: TemplateValue, for hole: Hole, to result: inout [UInt8]
    ) throws(TemplateProblem) {
        switch hole.form {
        case .raw: result.append(contentsOf: value.text.utf8)
        case .number: result.append(contentsOf: try Self.number(value.text, hole).utf8)
        case .json: try Self.json(value, hole, &result)
        case .plain: try append(plain: value, for: hole, to: &result)
        }
    }

    private func append(
        plain value: TemplateValue, for hole: Hole, to result: inout [UInt8]
    ) throws(TemplateProblem) {
        switch hole.place {
        case .jsonValue:
            if case .json(let json) = value {
                result.append(contentsOf: json.bytes)
            } else {
                result.appendJSONString(value.text.utf8)
            }
        case .jsonString:
            result.appendJSONString(value.text.utf8)
            // Its own quotes stand in the template already.
            let start = result.count - Self.jsonLength(value.text)
            result.remove(at: start)
            result.removeLast()
        case .segment: try Self.segment(value.text, hole, &result)
        case .query, .form: for byte in value.text.utf8 { result.appendPercentEncoded(byte) }
        case .host:
            let isHost = value.text.utf8.allSatisfy {
                $0.isDigit || ($0 | 0x20) &- UInt8(ascii: "a") < 26 || ".-:".utf8.contains($0)
            }
            result.append(contentsOf: isHost ? Array(value.text.utf8) : percentEncoded(value.text))
        case .address, .header, .text: result.append(contentsOf: value.text.utf8)
        }
    }

    /// Bytes of a text as a JSON string, quotes included.
    private static func jsonLength(_ text: String) -> Int {
        text.utf8.reduce(2) { length, byte in
            switch byte {
            case 0x22, 0x5C, 0x0A, 0x0D, 0x09: length + 2
            case 0..<0x20, 0x7F: length + 6
            default: length + 1
            }
        }
    }

    private static func number(_ text: String, _ hole: Hole) throws(TemplateProblem) -> String {
        let bytes = Array(text.utf8)[...].trimmingJSONWhitespace()
        guard let first = bytes.first, first.isDigit || first == UInt8(ascii: "-"), (try? JSONText(bytes)) != nil else {
            throw TemplateProblem(
                "'\(hole.name)' is \(text.isEmpty ? "empty" : "no number"), and {\(hole.name):number} wants one")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func json(
        _ value: TemplateValue, _ hole: Hole, _ result: inout [UInt8]
    ) throws(TemplateProblem) {
        guard case .text(let text) = value else { return result.append(contentsOf: value.jsonBytes) }
        do throws(JSONSyntaxError) {
            result.append(contentsOf: try JSONText(text.utf8).bytes)
        } catch {
            throw TemplateProblem("'\(hole.name)' is no JSON (\(error)), and {\(hole.name):json} wants some")
        }
    }

    /// A segment of a path must stay one: nothing at all, or dots, would name another place, and a call that deletes one
    /// thing would delete the folder.
    private static func segment(_ text: String, _ hole: Hole, _ result: inout [UInt8]) throws(TemplateProblem) {
        if hole.isWholeSegment, ["", ".", ".."].contains(text) {
            throw TemplateProblem(
                "'\(hole.name)' is \(text.isEmpty ? "empty" : "'\(text)'"), which as a part of the path would name another "
                    + "place; {\(hole.name):raw} puts it there all the same")
        }
        for byte in text.utf8 { result.appendPercentEncoded(byte) }
    }
}

extension TemplateValue {
    fileprivate var jsonBytes: [UInt8] {
        switch self {
        case .text(let text): JSONText.string(text).bytes
        case .json(let json): json.bytes
        }
    }
}
#endif
