/// Reads one value of JSON, as clients of the socket send it: small, and from anybody, so nothing in it is trusted.
struct JSONReader {
    private let bytes: [UInt8]
    private var place = 0

    private static let deepest = 8

    /// The object that `bytes` are; `nil` if they are anything else.
    static func object(_ bytes: [UInt8]) -> JSONObject? {
        var reader = JSONReader(bytes: bytes)
        guard case .object(let object)? = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        return reader.place == bytes.count ? object : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skipSpace() {
        while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard bytes[place...].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }

    private mutating func value(depth: Int) -> JSONValue? {
        guard depth < Self.deepest else { return nil }
        if take("{") { return object(depth: depth) }
        if take("[") { return array(depth: depth) }
        if take("\"") { return string().map(JSONValue.string) }
        guard place < bytes.count else { return nil }
        if take(word: "true") { return .bool(true) }
        if take(word: "false") { return .bool(false) }
        if take(word: "null") { return .null }
        let digits = bytes[place...].prefix { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        place += digits.count
        let text = String(decoding: digits, as: UTF8.self)
        if let number = Int(text) { return .number(number) }
        return Double(text).flatMap { $0.isFinite ? .real($0) : nil }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        var object = JSONObject { _ in }
        if take("}") { return .object(object) }
        repeat {
            guard take("\""), let key = string(), take(":"), let value = value(depth: depth + 1) else { return nil }
            object[key] = value
        } while take(",")
        return take("}") ? .object(object) : nil
    }

    private mutating func array(depth: Int) -> JSONValue? {
        var values: [JSONValue] = []
        if take("]") { return .array(values) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        } while take(",")
        return take("]") ? .array(values) : nil
    }

    /// What follows a quotation mark.
    private mutating func string() -> String? {
        var text: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard place < bytes.count else { return nil }
                let escaped = bytes[place]
                place += 1
                switch escaped {
                case UInt8(ascii: "n"): text.append(0x0A)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "r"): text.append(0x0D)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escaped)
                case UInt8(ascii: "u"):
                    guard place + 4 <= bytes.count,
                        let code = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
                    else { return nil }
                    place += 4
                    // Halves of pairs are in no request that is understood.
                    text += Array(String(Unicode.Scalar(code).map(Character.init) ?? "\u{FFFD}").utf8)
                default: return nil
                }
            default: text.append(byte)
            }
        }
        return nil
    }
}
