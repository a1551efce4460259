#if PostgreSQL
/// What can be a parameter of a statement. The server learns the type from where the parameter stands.
public protocol PostgresEncodable: Sendable {
    /// The value as PostgreSQL's text, or as bytes.
    var postgresValue: PostgresValue { get }
}

/// A parameter as it is sent.
public enum PostgresValue: Hashable, Sendable, PostgresEncodable {
    /// SQL's `NULL`.
    case null
    /// Text that the server reads as the type the place has. Without a zero byte, which PostgreSQL does not keep.
    case text(String)
    /// `bytea`.
    case bytes([UInt8])

    /// Itself.
    public var postgresValue: PostgresValue { self }
}

extension String: PostgresEncodable {
    /// The text itself.
    public var postgresValue: PostgresValue { .text(self) }
}

extension Substring: PostgresEncodable {
    /// The text itself.
    public var postgresValue: PostgresValue { .text(String(self)) }
}

extension Bool: PostgresEncodable {
    /// `t` or `f`.
    public var postgresValue: PostgresValue { .text(self ? "t" : "f") }
}

extension PostgresEncodable where Self: BinaryInteger {
    /// The number in decimal.
    public var postgresValue: PostgresValue { .text(String(self)) }
}

extension Int: PostgresEncodable {}
extension Int16: PostgresEncodable {}
extension Int32: PostgresEncodable {}
extension Int64: PostgresEncodable {}
extension UInt32: PostgresEncodable {}
extension UInt64: PostgresEncodable {}

extension PostgresEncodable where Self: BinaryFloatingPoint & CustomStringConvertible {
    /// The shortest text that gives the same number; `NaN`, `Infinity`, `-Infinity`.
    public var postgresValue: PostgresValue {
        isNaN ? .text("NaN") : isInfinite ? .text(self < 0 ? "-Infinity" : "Infinity") : .text(description)
    }
}

extension Double: PostgresEncodable {}
extension Float: PostgresEncodable {}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The value's, or `NULL`.
    public var postgresValue: PostgresValue { self?.postgresValue ?? .null }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    /// `bytea` for an array of bytes, an array of one dimension for everything else.
    public var postgresValue: PostgresValue {
        if let bytes = self as? [UInt8] { return .bytes(bytes) }
        var text = "{"
        for (index, element) in enumerated() {
            if index > 0 { text += "," }
            switch element.postgresValue {
            case .null: text += "NULL"
            case .text(let value): Self.quote(value, into: &text)
            case .bytes(let bytes): Self.quote("\\x" + Hexadecimal.text(bytes), into: &text)
            }
        }
        return .text(text + "}")
    }

    private static func quote(_ value: String, into text: inout String) {
        text += "\""
        for character in value.unicodeScalars {
            if character == "\"" || character == "\\" { text += "\\" }
            text.unicodeScalars.append(character)
        }
        text += "\""
    }
}

// So that an array of bytes is a parameter; alone it would be a number.
extension UInt8: PostgresEncodable {}
#endif
