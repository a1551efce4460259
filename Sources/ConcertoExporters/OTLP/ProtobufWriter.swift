#if Exporters
/// Protocol buffers, as far as OTLP needs them. Source: protobuf.dev, "Encoding".
struct ProtobufWriter: OTLPWriter {
    private(set) var bytes: [UInt8] = []

    private enum Wire: UInt32 {
        case varint = 0
        case fixed64 = 1
        case length = 2
        case fixed32 = 5
    }

    private mutating func tag(_ number: UInt8, _ wire: Wire) { put(UInt64(UInt32(number) << 3 | wire.rawValue)) }

    private mutating func put(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func putFixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ number: UInt8, _ name: StaticString, _ value: String) {
        if !value.isEmpty { chosenString(number, name, value) }
    }

    mutating func id(_ number: UInt8, _ name: StaticString, _ words: UInt64...) {
        tag(number, .length)
        put(UInt64(words.count * 8))
        for word in words { putFixed(word.byteSwapped) }
    }

    mutating func blob(_ number: UInt8, _ name: StaticString, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        tag(number, .length)
        put(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func fixed64(_ number: UInt8, _ name: StaticString, _ value: UInt64) {
        guard value != 0 else { return }
        tag(number, .fixed64)
        putFixed(value)
    }

    mutating func fixed32(_ number: UInt8, _ name: StaticString, _ value: UInt32) {
        guard value != 0 else { return }
        tag(number, .fixed32)
        putFixed(value)
    }

    mutating func varint(_ number: UInt8, _ name: StaticString, _ value: UInt32) {
        guard value != 0 else { return }
        tag(number, .varint)
        put(UInt64(value))
    }

    mutating func zigzag(_ number: UInt8, _ name: StaticString, _ value: Int32) {
        guard value != 0 else { return }
        tag(number, .varint)
        put(UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
    }

    mutating func bool(_ number: UInt8, _ name: StaticString, _ value: Bool) {
        if value { chosenBool(number, name, value) }
    }

    mutating func double(_ number: UInt8, _ name: StaticString, _ value: Double) {
        if value.bitPattern != 0 { chosenDouble(number, name, value) }
    }

    mutating func fixed64s(_ number: UInt8, _ name: StaticString, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        tag(number, .length)
        put(UInt64(values.count * 8))
        for value in values { putFixed(value) }
    }

    mutating func varint64s(_ number: UInt8, _ name: StaticString, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        nested(number) { writer in for value in values { writer.put(value) } }
    }

    mutating func doubles(_ number: UInt8, _ name: StaticString, _ values: [Double]) {
        fixed64s(number, name, values.map(\.bitPattern))
    }

    mutating func chosenInt(_ number: UInt8, _ name: StaticString, _ value: Int64, isFixed: Bool) {
        tag(number, isFixed ? .fixed64 : .varint)
        if isFixed { putFixed(value) } else { put(UInt64(bitPattern: value)) }
    }

    mutating func chosenDouble(_ number: UInt8, _ name: StaticString, _ value: Double) {
        tag(number, .fixed64)
        putFixed(value.bitPattern)
    }

    mutating func chosenString(_ number: UInt8, _ name: StaticString, _ value: String) {
        tag(number, .length)
        put(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func chosenBool(_ number: UInt8, _ name: StaticString, _ value: Bool) {
        tag(number, .varint)
        put(value ? 1 : 0)
    }

    mutating func message(_ number: UInt8, _ name: StaticString, _ body: (inout Self) -> Void) {
        nested(number, body)
    }

    mutating func messages<Item>(
        _ number: UInt8, _ name: StaticString, _ items: some Collection<Item>, _ body: (inout Self, Item) -> Void
    ) {
        for item in items { nested(number) { body(&$0, item) } }
    }

    /// The length stands before the body and is known behind it: most need one byte, which is kept free.
    private mutating func nested(_ number: UInt8, _ body: (inout Self) -> Void) {
        tag(number, .length)
        let place = bytes.count
        bytes.append(0)
        body(&self)
        let length = bytes.count - place - 1
        guard length >= 0x80 else {
            bytes[place] = UInt8(length)
            return
        }
        var prefix = ProtobufWriter()
        prefix.put(UInt64(length))
        bytes.replaceSubrange(place...place, with: prefix.bytes)
    }
}
#endif
