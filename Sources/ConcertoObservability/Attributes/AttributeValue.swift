#if Observability
/// What an attribute of a metric, a span or a resource says.
public enum AttributeValue: Sendable, Hashable {
    /// A text.
    case string(String)
    /// A whole number.
    case int(Int64)
    /// A number.
    case double(Double)
    /// A truth.
    case bool(Bool)
    /// Bytes; in OTLP/JSON they are base64.
    case bytes([UInt8])
    /// Several values.
    case array([AttributeValue])
    /// Named values; each name once.
    case map([String: AttributeValue])
}

extension AttributeValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A truth.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Several values.
    public init(arrayLiteral elements: AttributeValue...) { self = .array(elements) }
}

extension AttributeValue: CustomStringConvertible {
    /// What a label of Prometheus says.
    public var description: String {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bool(let truth): truth ? "true" : "false"
        case .bytes(let bytes): bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        case .array(let values): "[" + values.map(\.description).joined(separator: ",") + "]"
        case .map(let values):
            "{" + values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}
#endif
