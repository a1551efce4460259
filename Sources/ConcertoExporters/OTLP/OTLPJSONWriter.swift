#if Exporters
import Foundation

/// The JSON of OTLP: protobuf's, but with hexadecimal ids and enumerations as numbers.
struct OTLPJSONWriter: OTLPWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    private mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func key(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        bytes.append(UInt8(ascii: "\""))
        put(name)
        put("\":")
    }

    private mutating func quoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): put("\\\"")
            case UInt8(ascii: "\\"): put("\\\\")
            case 0..<0x20:
                put("\\u00")
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private mutating func number(_ value: Double) {
        if value.isNaN { return put("\"NaN\"") }
        if value.isInfinite { return value < 0 ? put("\"-Infinity\"") : put("\"Infinity\"") }
        put(value.description)
    }

    private mutating func text64(_ value: some FixedWidthInteger) {
        bytes.append(UInt8(ascii: "\""))
        put(String(value))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func list<Item>(
        _ name: StaticString, _ items: some Collection<Item>, _ body: (inout Self, Item) -> Void
    ) {
        guard !items.isEmpty else { return }
        key(name)
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        for item in items {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            body(&self, item)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func object(_ body: (inout Self) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func string(_ number: UInt8, _ name: StaticString, _ value: String) {
        if !value.isEmpty { chosenString(number, name, value) }
    }

    mutating func id(_ number: UInt8, _ name: StaticString, _ words: UInt64...) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        for word in words {
            for shift in stride(from: 60, through: 0, by: -4) {
                bytes.append(Self.digits[Int((word >> UInt64(shift)) & 15)])
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func blob(_ number: UInt8, _ name: StaticString, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        key(name)
        quoted(Data(value).base64EncodedString())
    }

    mutating func fixed64(_ number: UInt8, _ name: StaticString, _ value: UInt64) {
        guard value != 0 else { return }
        key(name)
        text64(value)
    }

    mutating func fixed32(_ number: UInt8, _ name: StaticString, _ value: UInt32) { varint(number, name, value) }

    mutating func varint(_ number: UInt8, _ name: StaticString, _ value: UInt32) {
        guard value != 0 else { return }
        key(name)
        put(String(value))
    }

    mutating func zigzag(_ number: UInt8, _ name: StaticString, _ value: Int32) {
        guard value != 0 else { return }
        key(name)
        put(String(value))
    }

    mutating func bool(_ number: UInt8, _ name: StaticString, _ value: Bool) {
        if value { chosenBool(number, name, value) }
    }

    mutating func double(_ number: UInt8, _ name: StaticString, _ value: Double) {
        if value.bitPattern != 0 { chosenDouble(number, name, value) }
    }

    mutating func fixed64s(_ number: UInt8, _ name: StaticString, _ values: [UInt64]) {
        list(name, values) { $0.text64($1) }
    }

    mutating func varint64s(_ number: UInt8, _ name: StaticString, _ values: [UInt64]) {
        list(name, values) { $0.text64($1) }
    }

    mutating func doubles(_ number: UInt8, _ name: StaticString, _ values: [Double]) {
        list(name, values) { $0.number($1) }
    }

    mutating func chosenInt(_ number: UInt8, _ name: StaticString, _ value: Int64, isFixed: Bool) {
        key(name)
        text64(value)
    }

    mutating func chosenDouble(_ number: UInt8, _ name: StaticString, _ value: Double) {
        key(name)
        self.number(value)
    }

    mutating func chosenString(_ number: UInt8, _ name: StaticString, _ value: String) {
        key(name)
        quoted(value)
    }

    mutating func chosenBool(_ number: UInt8, _ name: StaticString, _ value: Bool) {
        key(name)
        put(value ? "true" : "false")
    }

    mutating func message(_ number: UInt8, _ name: StaticString, _ body: (inout Self) -> Void) {
        key(name)
        object(body)
    }

    mutating func messages<Item>(
        _ number: UInt8, _ name: StaticString, _ items: some Collection<Item>, _ body: (inout Self, Item) -> Void
    ) {
        list(name, items) { writer, item in writer.object { body(&$0, item) } }
    }

    /// A message that stands for itself.
    static func document(_ body: (inout Self) -> Void) -> [UInt8] {
        var writer = Self()
        writer.object(body)
        return writer.bytes
    }
}
#endif
