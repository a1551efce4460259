#if Batch
/// One text with placeholders, taken apart: what stands where, and how it is to be encoded.
struct TemplateText: Sendable {
    /// Where a placeholder stands.
    enum Place: Sendable {
        /// The whole URL, or its beginning: as it is.
        case address
        case host
        case segment
        case query
        case header
        case jsonString
        case jsonValue
        case form
        case text
    }

    enum Form: String, Sendable {
        case plain
        case number
        case json
        case raw
    }

    struct Hole: Sendable {
        var name: String
        var form = Form.plain
        /// Whether what it belongs to is left out if there is nothing.
        var isOptional = false
        var place: Place
        /// Whether it is the whole segment of a path.
        var isWholeSegment = false
        /// The number of its column, once that is known.
        var column = -1
    }

    enum Part: Sendable {
        case text([UInt8])
        /// What came from the environment, which no store may hold a trace of.
        case secret([UInt8])
        case hole(Hole)
    }

    /// What a text is for.
    enum Kind: Sendable { case url, header, json, form, text, method }

    let kind: Kind
    private(set) var parts: [Part] = []
    /// What was written.
    let source: String

    var holes: [Hole] {
        parts.compactMap { if case .hole(let hole) = $0 { hole } else { nil } }
    }

    /// - Parameters:
    ///   - option: What messages call it.
    ///   - template: Where the values of variables come from.
    /// - Throws: ``TemplateProblem``.
    init(_ source: String, _ kind: Kind, of option: String, in template: RowTemplate) throws(TemplateProblem) {
        self.source = source
        self.kind = kind
        var text: [UInt8] = []
        var place = TemplatePlace(kind)
        var rest = Array(source.utf8)[...]
        while let byte = rest.first {
            guard byte == UInt8(ascii: "{") else {
                text.append(byte)
                place.step(byte)
                rest = rest.dropFirst()
                continue
            }
            if rest.dropFirst().first == byte {
                text.append(byte)
                place.step(byte)
                rest = rest.dropFirst(2)
                continue
            }
            // A brace of JSON itself, which a quote, another brace or the end of an empty object follows.
            if place.isBetweenJSONStrings, [0x22, 0x7D, nil].contains(rest.dropFirst().first { !$0.isJSONWhitespace }) {
                text.append(byte)
                rest = rest.dropFirst()
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")),
                !rest[(rest.startIndex + 1)..<end].contains(where: { $0 == 0x0A || $0 == byte || $0 == 0x22 })
            else {
                throw TemplateProblem("a brace of \(option) is not closed; write {{ for the character itself")
            }
            let name = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if let value = try Self.variable(name, template, option) {
                if !text.isEmpty { parts.append(.text(text)) }
                text = []
                parts.append(.secret(place.encode(value)))
                for byte in value.utf8 { place.step(byte) }
                continue
            }
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
            var hole = try Self.hole(name, place: place.place, option)
            hole.isWholeSegment =
                place.beginsSegment && [UInt8(ascii: "/"), UInt8(ascii: "?"), nil].contains(rest.first)
            parts.append(.hole(hole))
            place.stepOverHole()
        }
        if !text.isEmpty { parts.append(.text(text)) }
        if kind == .json { try checkJSON(option) }
    }

    /// Gives each placeholder the number of its column.
    mutating func bind(to columns: [String], of option: String) throws(TemplateProblem) {
        for index in parts.indices {
            guard case .hole(var hole) = parts[index] else { continue }
            guard let column = columns.firstIndex(of: hole.name), !hole.name.isEmpty else {
                throw Self.unknown(hole.name, of: option, among: columns)
            }
            hole.column = column
            parts[index] = .hole(hole)
        }
    }

    private static func variable(
        _ name: String, _ template: RowTemplate, _ option: String
    ) throws(TemplateProblem) -> String? {
        if name == "server" {
            guard let server = template.server else {
                throw TemplateProblem("{server} in \(option) stands for the demo server; run with --demo-server")
            }
            return server
        }
        guard name.hasPrefix("env:") else { return nil }
        guard let value = template.environment[String(name.dropFirst(4))] else {
            throw TemplateProblem("\(option): the environment variable \(name.dropFirst(4)) is not set")
        }
        return value
    }

    private static func hole(_ text: String, place: Place, _ option: String) throws(TemplateProblem) -> Hole {
        var hole = Hole(name: text, place: place)
        if let colon = text.lastIndex(of: ":"), let form = Form(rawValue: String(text[text.index(after: colon)...])) {
            (hole.name, hole.form) = (String(text[..<colon]), form)
        }
        if hole.name.hasSuffix("?") {
            hole.name.removeLast()
            hole.isOptional = true
            guard place == .query || place == .header else {
                throw TemplateProblem(
                    "{\(text)} in \(option) can't be left out there; only a pair of a query, or a header, can")
            }
        }
        guard !hole.name.isEmpty else {
            throw TemplateProblem("{\(text)} in \(option) names no column; write {{ for the character itself")
        }
        return hole
    }

    /// Whether it is JSON with anything in its placeholders.
    private func checkJSON(_ option: String) throws(TemplateProblem) {
        var sample: [UInt8] = []
        var hasSecrets = false
        for part in parts {
            switch part {
            case .text(let bytes): sample += bytes
            case .secret(let bytes):
                sample += bytes
                hasSecrets = true
            case .hole(let hole) where hole.form == .raw: return
            case .hole(let hole):
                sample += (hole.place == .jsonString ? "x" : hole.form == .plain ? "\"\"" : "0").utf8
            }
        }
        do throws(JSONSyntaxError) {
            _ = try JSONText(sample)
        } catch {
            // What stands near may be a part of a secret.
            let place = hasSecrets ? "at byte \(error.offset)" : "near '\(Self.near(sample, error.offset))'"
            throw TemplateProblem(
                "\(option) looks like JSON and is none: \(error.reason) \(place); {{ is a "
                    + "brace in a string, and a Content-Type of your own makes it text")
        }
    }

    private static func near(_ text: [UInt8], _ offset: Int) -> String {
        Visible.text(String(decoding: text[max(0, offset - 12)..<min(text.count, offset + 12)], as: UTF8.self))
    }
}

/// Where in a text a template stands, as it is read from the left.
struct TemplatePlace {
    private let kind: TemplateText.Kind
    private var seen: [UInt8] = []
    private var hasScheme = false
    private var inAuthority = false
    private var inQuery = false
    private var inString = false
    private var escaped = false

    init(_ kind: TemplateText.Kind) { self.kind = kind }

    /// Whether braces are JSON's own here.
    var isBetweenJSONStrings: Bool { kind == .json && !inString }

    var place: TemplateText.Place {
        switch kind {
        case .url: !hasScheme ? .address : inAuthority ? .host : inQuery ? .query : .segment
        case .header: .header
        case .json: inString ? .jsonString : .jsonValue
        case .form: .form
        case .text, .method: .text
        }
    }

    /// Whether a segment of a path begins here.
    var beginsSegment: Bool { place == .segment && seen.last == UInt8(ascii: "/") }

    mutating func step(_ byte: UInt8) {
        switch kind {
        case .url:
            if !hasScheme {
                if byte == UInt8(ascii: "/"), seen.suffix(2).elementsEqual(":/".utf8) {
                    (hasScheme, inAuthority) = (true, true)
                }
            } else if inAuthority, "/?#".utf8.contains(byte) {
                inAuthority = false
            }
            if hasScheme, !inAuthority, byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { inQuery = true }
            seen.append(byte)
        case .json:
            if !inString {
                inString = byte == 0x22
            } else if escaped {
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == 0x22 {
                inString = false
            }
        default: break
        }
    }

    mutating func stepOverHole() {
        seen.append(UInt8(ascii: "x"))
        // What begins a URL is the whole of it, or scheme and host at least: a path or a query follows.
        if kind == .url, !hasScheme { (hasScheme, inAuthority) = (true, false) }
    }

    /// A value of the command line, encoded for where it stands.
    func encode(_ value: String) -> [UInt8] {
        switch place {
        case .jsonString: Array(JSONText.string(value).bytes.dropFirst().dropLast())
        case .jsonValue: JSONText.string(value).bytes
        case .query, .form: percentEncoded(value)
        default: Array(value.utf8)
        }
    }
}

/// Everything but the characters that are nobody's delimiter (RFC 3986, unreserved), percent-encoded.
func percentEncoded(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    for byte in text.utf8 { result.appendPercentEncoded(byte) }
    return result
}

extension [UInt8] {
    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    mutating func appendPercentEncoded(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            append(byte)
        default:
            append(UInt8(ascii: "%"))
            append(Self.hexDigits[Int(byte >> 4)])
            append(Self.hexDigits[Int(byte & 15)])
        }
    }
}
#endif
