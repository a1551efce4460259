#if Batch
/// A JSON text on one line: validated, white space between tokens removed, everything else byte for byte as it came.
struct JSONText: Equatable, Sendable {
    let bytes: [UInt8]

    /// Validates `source`, which may be surrounded by white space.
    init(_ source: some Collection<UInt8>) throws(JSONSyntaxError) {
        let copy = Array(source)
        var failure: JSONSyntaxError?
        copy.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            do throws(JSONSyntaxError) {
                _ = try scanner.value()
                if scanner.peek() != nil { throw scanner.error("unexpected text after the value") }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        bytes = Self.compact(copy)
    }

    /// Appends `source` on one line to `result`, if it is JSON that may stand inside `depth` other values; `false`, and nothing
    /// is appended, if it is not.
    static func append(_ source: UnsafeBufferPointer<UInt8>, depth: Int = 0, to result: inout [UInt8]) -> Bool {
        var scanner = JSONScanner(source)
        guard (try? scanner.value(depth: depth)) != nil, scanner.peek() == nil else { return false }
        compact(source, to: &result)
        return true
    }

    /// Takes bytes that a ``JSONScanner`` has validated.
    init(validated slice: ArraySlice<UInt8>) {
        bytes = Self.compact(slice)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Takes what was written as JSON on one line.
    init(compacted bytes: [UInt8]) { self.bytes = bytes }

    /// The JSON string of `text`.
    static func string(_ text: some StringProtocol) -> JSONText {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text.utf8)
        return JSONText(bytes: bytes)
    }

    static func integer(_ value: Int) -> JSONText { JSONText(bytes: Array(String(value).utf8)) }

    /// The text of a JSON string, escapes resolved; `nil` for any other value.
    var stringValue: String? {
        guard bytes.first == UInt8(ascii: "\"") else { return nil }
        return String(decoding: Self.unescape(bytes[1..<(bytes.count - 1)]), as: UTF8.self)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether it is an integer as one is written: digits alone, as many as there are.
    var isInteger: Bool {
        let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
        return !digits.isEmpty && digits.allSatisfy(\.isDigit)
    }

    /// What the store calls a row with this id: the text of a string, the digits of an integer.
    ///
    /// Different ids have different keys. A lone surrogate (`"\ud83d"`) is no character, so it stands as U+FFFF, which is
    /// none either, and four digits; U+FFFF itself stands in the same way.
    var idKey: String {
        guard let value = stringValue else { return text }
        guard value.unicodeScalars.contains(where: { $0 == "\u{FFFD}" || $0 == "\u{FFFF}" }) else { return value }
        return String(decoding: Self.unescape(bytes[1..<(bytes.count - 1)], escapesNoncharacters: true), as: UTF8.self)
    }

    /// White space outside strings is the only thing a JSON text can lose without changing its meaning.
    private static func compact(_ source: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        compact(source, to: &result)
        return result
    }

    private static func compact(_ source: some Collection<UInt8>, to result: inout [UInt8]) {
        result.reserveCapacity(result.count + source.count)
        var inString = false
        var escaped = false
        for byte in source {
            if inString {
                result.append(byte)
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else if !byte.isJSONWhitespace {
                result.append(byte)
                inString = byte == UInt8(ascii: "\"")
            }
        }
    }

    private static func unescape(_ source: ArraySlice<UInt8>, escapesNoncharacters: Bool = false) -> [UInt8] {
        guard escapesNoncharacters || source.contains(UInt8(ascii: "\\")) else { return Array(source) }
        var units: [UInt8] = []
        units.reserveCapacity(source.count)
        var index = source.startIndex
        while index < source.endIndex {
            guard source[index] == UInt8(ascii: "\\") else {
                if escapesNoncharacters, source[index...].starts(with: escapedMark.prefix(3)) {
                    units += escapedMark
                    index += 3
                    continue
                }
                units.append(source[index])
                index += 1
                continue
            }
            switch source[index + 1] {
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = unicodeEscape(source[index...])
                if escapesNoncharacters, scalar == nil || scalar == "\u{FFFF}" {
                    units += escapedMark.prefix(3)
                    units += source[(index + 2)..<(index + 6)].map { $0 >= 0x41 && $0 <= 0x46 ? $0 | 0x20 : $0 }
                } else {
                    units.append(contentsOf: String(Character(scalar ?? "\u{FFFD}")).utf8)
                }
                index += length - 2
            case let byte: units.append(byte)
            }
            index += 2
        }
        return units
    }

    /// U+FFFF as ``idKey`` writes it.
    private static let escapedMark = Array("\u{FFFF}ffff".utf8)

    /// A lone surrogate has no scalar.
    private static func unicodeEscape(_ source: ArraySlice<UInt8>) -> (Unicode.Scalar?, length: Int) {
        func unit(at offset: Int) -> UInt32? {
            let start = source.startIndex + offset
            guard start + 6 <= source.endIndex, source[start] == UInt8(ascii: "\\"),
                source[start + 1] == UInt8(ascii: "u")
            else { return nil }
            return UInt32(String(decoding: source[(start + 2)..<(start + 6)], as: UTF8.self), radix: 16)
        }
        guard let high = unit(at: 0) else { return (nil, 6) }
        if let scalar = Unicode.Scalar(high) { return (scalar, 6) }
        if (0xD800...0xDBFF).contains(high), let low = unit(at: 6), (0xDC00...0xDFFF).contains(low) {
            return (Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)), 12)
        }
        return (nil, 6)
    }
}

extension JSONScanner {
    /// Reads an object and gives back its members in order, repeated names included.
    ///
    /// - Parameter source: The text that the scanner reads.
    mutating func members(of source: [UInt8]) throws(JSONSyntaxError) -> [(key: String, value: JSONText)] {
        var members: [(String, JSONText)] = []
        try expect(UInt8(ascii: "{"), "'{'")
        if consume(UInt8(ascii: "}")) { return members }
        repeat {
            skipWhitespace()
            let key = JSONText(validated: source[try string()])
            try expect(UInt8(ascii: ":"), "':'")
            let value = JSONText(validated: source[try value()])
            members.append((key.stringValue ?? "", value))
        } while consume(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "',' or '}'")
        return members
    }
}

extension [UInt8] {
    /// Appends `text` as a JSON string with its quotes.
    mutating func appendJSONString(_ text: some Sequence<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\"")])
            case UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
            case 0x0A: append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0x0D: append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0x09: append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case 0..<0x20, 0x7F:
                append(contentsOf: Array("\\u00".utf8))
                let digits = Array("0123456789abcdef".utf8)
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
#endif
