#if Batch
/// Reads one JSON text (RFC 8259) from bytes without building a tree.
///
/// A batch hands bodies, metadata and responses on exactly as they came: 20-digit integers, key order and duplicate
/// keys inside a body survive, which a decoder into Swift values cannot promise. So the scanner validates, and gives
/// back ranges of the input.
struct JSONScanner {
    /// Nesting deeper than this is refused: the scanner recurses, no API call needs it, and many readers of results stop at
    /// 512 levels, of which the result itself is one.
    static let maximumDepth = 500

    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// The next byte that is not white space, or `nil` at the end.
    mutating func peek() -> UInt8? {
        skipWhitespace()
        return isAtEnd ? nil : bytes[position]
    }

    mutating func skipWhitespace() {
        while position < bytes.count, bytes[position].isJSONWhitespace { position += 1 }
    }

    /// Steps over `byte`, after white space.
    mutating func expect(_ byte: UInt8, _ what: String) throws(JSONSyntaxError) {
        guard peek() == byte else { throw error("expected \(what)") }
        position += 1
    }

    /// Steps over `byte` if it comes next, after white space.
    mutating func consume(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// Validates one value and returns where it stands.
    mutating func value(depth: Int = 0) throws(JSONSyntaxError) -> Range<Int> {
        guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
        guard let first = peek() else { throw error("expected a value, found the end") }
        let start = position
        switch first {
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw error("expected a value")
        }
        return start..<position
    }

    /// Validates one string and returns where it stands, quotes included.
    mutating func string() throws(JSONSyntaxError) -> Range<Int> {
        let start = position
        try expect(UInt8(ascii: "\""), "a string")
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position
            case UInt8(ascii: "\\"):
                try escape()
            case 0..<0x20:
                throw error("a control character stands in a string; write it as an escape")
            case 0..<0x80:
                position += 1
            default:
                try utf8Sequence(lead: byte)
            }
        }
        throw JSONSyntaxError(offset: start, reason: "a string is not closed")
    }

    func error(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: position, reason: reason)
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) {
        position += 1
        if consume(UInt8(ascii: "}")) { return }
        repeat {
            skipWhitespace()
            _ = try string()
            try expect(UInt8(ascii: ":"), "':'")
            _ = try value(depth: depth + 1)
        } while consume(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "',' or '}'")
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) {
        position += 1
        if consume(UInt8(ascii: "]")) { return }
        repeat { _ = try value(depth: depth + 1) } while consume(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "',' or ']'")
    }

    private mutating func literal(_ text: StaticString) throws(JSONSyntaxError) {
        for offset in 0..<text.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == text.utf8Start[offset] else {
                throw error("expected '\(text)'")
            }
            position += 1
        }
    }

    private mutating func number() throws(JSONSyntaxError) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        guard position < bytes.count, bytes[position].isDigit else { throw error("expected a digit") }
        if bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            skipDigits()
        }
        if position < bytes.count, bytes[position].isDigit { throw error("a number must not begin with 0") }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
    }

    private mutating func digits() throws(JSONSyntaxError) {
        guard position < bytes.count, bytes[position].isDigit else { throw error("expected a digit") }
        skipDigits()
    }

    private mutating func skipDigits() {
        while position < bytes.count, bytes[position].isDigit { position += 1 }
    }

    private mutating func escape() throws(JSONSyntaxError) {
        guard position + 1 < bytes.count else { throw error("a string is not closed") }
        switch bytes[position + 1] {
        case UInt8(ascii: "u"):
            guard position + 6 <= bytes.count, bytes[(position + 2)..<(position + 6)].allSatisfy(\.isHexDigit) else {
                throw error("\\u needs four hexadecimal digits")
            }
            position += 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        default:
            throw error("unknown escape")
        }
    }

    /// Steps over one well-formed multi-byte sequence (Unicode 15, table 3-7).
    private mutating func utf8Sequence(lead: UInt8) throws(JSONSyntaxError) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw error("not valid UTF-8")
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]) else {
            throw error("not valid UTF-8")
        }
        for offset in 2..<max(2, length) where bytes[position + offset] & 0xC0 != 0x80 {
            throw error("not valid UTF-8")
        }
        position += length
    }
}

/// Why a text is not JSON, and where.
struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Bytes from the start of the text.
    var offset: Int
    var reason: String

    var description: String { "\(reason) at column \(offset + 1)" }
}

extension UInt8 {
    var isJSONWhitespace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
    var isHexDigit: Bool { isDigit || (self | 0x20) &- UInt8(ascii: "a") < 6 }
}
#endif
