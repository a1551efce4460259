#if Batch
/// SipHash-2-4 (Aumasson, Bernstein 2012): a hash that says nothing about a text to who does not have its key, and that is
/// the same in every process, which `Hasher` is not.
struct SipHash {
    /// 128 bits; a store draws its own.
    struct Key: Equatable, Sendable {
        var low: UInt64
        var high: UInt64

        static let zero = Key(low: 0, high: 0)

        static func random() -> Key {
            var random = SystemRandomNumberGenerator()
            return Key(low: random.next(), high: random.next())
        }

        /// 32 hexadecimal digits.
        var text: String {
            [high, low].map { word in
                let digits = String(word, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
        }

        init(low: UInt64, high: UInt64) { (self.low, self.high) = (low, high) }

        /// Reads what ``text`` wrote; `nil` for anything else.
        init?(text: String) {
            guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
                let low = UInt64(text.suffix(16), radix: 16)
            else { return nil }
            self.init(low: low, high: high)
        }
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    private init(_ key: Key) {
        v0 = key.low ^ 0x736F_6D65_7073_6575
        v1 = key.high ^ 0x646F_7261_6E64_6F6D
        v2 = key.low ^ 0x6C79_6765_6E65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    static func hash(_ bytes: some Sequence<UInt8>, key: Key) -> UInt64 {
        var hash = SipHash(key)
        var word: UInt64 = 0
        var count: UInt64 = 0
        for byte in bytes {
            word |= UInt64(byte) << (8 * (count & 7))
            count &+= 1
            if count & 7 == 0 {
                hash.mix(word)
                word = 0
            }
        }
        hash.mix(word | count << 56)
        hash.v2 ^= 0xFF
        for _ in 0..<4 { hash.round() }
        return hash.v0 ^ hash.v1 ^ hash.v2 ^ hash.v3
    }

    private mutating func mix(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        func turned(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
        v0 = v0 &+ v1
        v1 = turned(v1, 13) ^ v0
        v0 = turned(v0, 32)
        v2 = v2 &+ v3
        v3 = turned(v3, 16) ^ v2
        v0 = v0 &+ v3
        v3 = turned(v3, 21) ^ v0
        v2 = v2 &+ v1
        v1 = turned(v1, 17) ^ v2
        v2 = turned(v2, 32)
    }
}
#endif
