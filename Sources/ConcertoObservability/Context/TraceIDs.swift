#if Observability
/// Names a trace: 16 bytes, not all zero.
public struct TraceID: Sendable, Hashable, CustomStringConvertible {
    /// The first eight bytes.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// Creates an id; `nil` for zero, which means "none".
    public init?(high: UInt64, low: UInt64) {
        guard high != 0 || low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// Reads 32 lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 32, let high = UInt64(lowerHex: text.utf8.prefix(16)),
            let low = UInt64(lowerHex: text.utf8.suffix(16))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// A random one.
    public static func random() -> TraceID {
        // The last bytes are never zero, so neither is the whole.
        TraceID(high: .random(in: .min ... .max), low: .random(in: 1 ... .max))!
    }

    /// 32 hexadecimal digits.
    public var description: String { high.paddedHex + low.paddedHex }
}

/// Names a span in a trace: 8 bytes, not all zero.
public struct SpanID: Sendable, Hashable, CustomStringConvertible {
    /// The bytes.
    public let bits: UInt64

    /// Creates an id; `nil` for zero, which means "none".
    public init?(bits: UInt64) {
        guard bits != 0 else { return nil }
        self.bits = bits
    }

    /// Reads 16 lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 16, let bits = UInt64(lowerHex: text.utf8) else { return nil }
        self.init(bits: bits)
    }

    /// A random one.
    public static func random() -> SpanID { SpanID(bits: .random(in: 1 ... .max))! }

    /// 16 hexadecimal digits.
    public var description: String { bits.paddedHex }
}

extension UInt64 {
    fileprivate var paddedHex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// `init(_:radix:)` takes capitals and signs, which W3C forbids.
    init?(lowerHex digits: some Sequence<UInt8>) {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self = value
    }
}
#endif
