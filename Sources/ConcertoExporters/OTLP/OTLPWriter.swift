#if Exporters
/// What a message of OTLP is written with: one description of the messages serves both encodings.
///
/// A field has its number, which protobuf writes, and its name, which JSON writes. Fields that have their default value
/// are left out, as both encodings do.
protocol OTLPWriter {
    init()
    /// The message.
    var bytes: [UInt8] { get }

    mutating func string(_ number: UInt8, _ name: StaticString, _ value: String)
    /// The id of a trace, eight bytes each, or of a span: hexadecimal in JSON, unlike all other bytes.
    mutating func id(_ number: UInt8, _ name: StaticString, _ words: UInt64...)
    mutating func blob(_ number: UInt8, _ name: StaticString, _ value: [UInt8])
    mutating func fixed64(_ number: UInt8, _ name: StaticString, _ value: UInt64)
    mutating func fixed32(_ number: UInt8, _ name: StaticString, _ value: UInt32)
    mutating func varint(_ number: UInt8, _ name: StaticString, _ value: UInt32)
    mutating func zigzag(_ number: UInt8, _ name: StaticString, _ value: Int32)
    mutating func bool(_ number: UInt8, _ name: StaticString, _ value: Bool)
    mutating func double(_ number: UInt8, _ name: StaticString, _ value: Double)
    mutating func fixed64s(_ number: UInt8, _ name: StaticString, _ values: [UInt64])
    mutating func varint64s(_ number: UInt8, _ name: StaticString, _ values: [UInt64])
    mutating func doubles(_ number: UInt8, _ name: StaticString, _ values: [Double])
    /// A value of a `oneof`, which is written also if it is the default.
    mutating func chosenInt(_ number: UInt8, _ name: StaticString, _ value: Int64, isFixed: Bool)
    mutating func chosenDouble(_ number: UInt8, _ name: StaticString, _ value: Double)
    mutating func chosenString(_ number: UInt8, _ name: StaticString, _ value: String)
    mutating func chosenBool(_ number: UInt8, _ name: StaticString, _ value: Bool)
    mutating func message(_ number: UInt8, _ name: StaticString, _ body: (inout Self) -> Void)
    mutating func messages<Item>(
        _ number: UInt8, _ name: StaticString, _ items: some Collection<Item>, _ body: (inout Self, Item) -> Void)
}
#endif
