#if Batch
import Testing

@testable import ConcertoBatch

struct SipHashTests {
    /// The vectors of the paper's appendix and of the reference implementation: key 00…0f, inputs 00, 00 01, …
    @Test(
        arguments: [
            (0, 0x726F_DB47_DD0E_0E31), (1, 0x74F8_39C5_93DC_67FD), (7, 0xAB02_00F5_8B01_D137),
            (8, 0x93F5_F579_9A93_2462),
            (15, 0xA129_CA61_49BE_45E5),
        ] as [(Int, UInt64)])
    func `published vectors come out`(count: Int, hash: UInt64) {
        let key = SipHash.Key(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
        #expect(SipHash.hash((0..<count).map { UInt8($0) }, key: key) == hash)
    }

    @Test func `a key survives its text`() {
        for key in [SipHash.Key.zero, .random(), SipHash.Key(low: .max, high: 1)] {
            #expect(key.text.utf8.count == 32 && SipHash.Key(text: key.text) == key)
        }
        #expect(SipHash.Key(text: "") == nil && SipHash.Key(text: String(repeating: "x", count: 32)) == nil)
        #expect(SipHash.Key.random() != .random())
    }
}
#endif
