#if PostgreSQL
/// What a column can be read as.
public protocol PostgresDecodable: Sendable {
    /// Reads a value in PostgreSQL's text form; `nil` is `NULL`.
    ///
    /// - Returns: `nil` if the text is no such value.
    init?(postgresText: UnsafeBufferPointer<UInt8>?)
}

extension String: PostgresDecodable {
    /// Any type's text.
    public init?(postgresText: UnsafeBufferPointer<UInt8>?) {
        guard let postgresText else { return nil }
        self = String(decoding: postgresText, as: UTF8.self)
    }
}

extension Bool: PostgresDecodable {
    /// `boolean`.
    public init?(postgresText: UnsafeBufferPointer<UInt8>?) {
        guard let postgresText, postgresText.count == 1 else { return nil }
        switch postgresText[0] {
        case UInt8(ascii: "t"): self = true
        case UInt8(ascii: "f"): self = false
        default: return nil
        }
    }
}

extension PostgresDecodable where Self: FixedWidthInteger {
    /// `smallint`, `integer`, `bigint`, `oid`, and `numeric` without a fraction; a number that does not fit is none.
    public init?(postgresText: UnsafeBufferPointer<UInt8>?) {
        guard let postgresText, !postgresText.isEmpty else { return nil }
        let isNegative = postgresText[0] == UInt8(ascii: "-")
        guard postgresText.count > (isNegative ? 1 : 0) else { return nil }
        var value: Self = 0
        for character in postgresText.dropFirst(isNegative ? 1 : 0) {
            guard character >= UInt8(ascii: "0"), character <= UInt8(ascii: "9") else { return nil }
            let digit = Self(character - UInt8(ascii: "0"))
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            // The smallest number has no positive counterpart: digits are taken away from the start.
            let (next, overflows) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if isTooLarge || overflows { return nil }
            value = next
        }
        self = value
    }
}

extension Int: PostgresDecodable {}
extension Int16: PostgresDecodable {}
extension Int32: PostgresDecodable {}
extension Int64: PostgresDecodable {}
extension UInt32: PostgresDecodable {}
extension UInt64: PostgresDecodable {}

extension Double: PostgresDecodable {
    /// `real`, `double precision`, `numeric`.
    public init?(postgresText: UnsafeBufferPointer<UInt8>?) {
        guard let postgresText else { return nil }
        switch String(decoding: postgresText, as: UTF8.self) {
        case "NaN": self = .nan
        case "Infinity": self = .infinity
        case "-Infinity": self = -.infinity
        case let text:
            guard let value = Double(text) else { return nil }
            self = value
        }
    }
}

extension Array: PostgresDecodable where Element == UInt8 {
    /// `bytea`.
    public init?(postgresText: UnsafeBufferPointer<UInt8>?) {
        guard let postgresText, postgresText.count >= 2, postgresText[0] == UInt8(ascii: "\\"),
            postgresText[1] == UInt8(ascii: "x"),
            let bytes = Hexadecimal.bytes(UnsafeBufferPointer(rebasing: postgresText.dropFirst(2)))
        else { return nil }
        self = bytes
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// `NULL` is `nil`.
    public init?(postgresText: UnsafeBufferPointer<UInt8>?) {
        guard let postgresText else {
            self = .none
            return
        }
        guard let value = Wrapped(postgresText: postgresText) else { return nil }
        self = value
    }
}
#endif
