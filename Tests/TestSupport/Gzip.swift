#if HTTP
/// Makes compressed bodies (RFC 1951, 1952), without a library.
package enum Gzip {
    /// About `count` zeros: one literal, then repetitions of 258 bytes each; a ratio of 158.
    package static func zeros(_ count: Int) -> (compressed: [UInt8], count: Int) {
        var bits = Bits()
        bits.write(0b1, 1)  // the last block
        bits.write(0b01, 2)  // with the fixed codes
        bits.writeCode(0b0011_0000, 8)
        let repeats = max(1, count / 258)
        for _ in 0..<repeats {
            bits.writeCode(0b1100_0101, 8)  // length 258
            bits.writeCode(0b00000, 5)  // distance 1
        }
        bits.writeCode(0, 7)  // the end
        let length = 1 + repeats * 258
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + bits.bytes
        for value in [crc(zeros: length), UInt32(length)] {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
            }
        }
        return (bytes, length)
    }

    private static func crc(zeros count: Int) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for _ in 0..<count {
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }

    private struct Bits {
        var bytes: [UInt8] = []
        private var used = 8

        /// Least significant bit first.
        mutating func write(_ value: Int, _ count: Int) {
            for bit in 0..<count { append(value >> bit & 1) }
        }

        /// Most significant bit first, as codes are.
        mutating func writeCode(_ value: Int, _ count: Int) {
            for bit in (0..<count).reversed() { append(value >> bit & 1) }
        }

        private mutating func append(_ bit: Int) {
            if used == 8 {
                bytes.append(0)
                used = 0
            }
            bytes[bytes.count - 1] |= UInt8(bit << used)
            used += 1
        }
    }
}
#endif
