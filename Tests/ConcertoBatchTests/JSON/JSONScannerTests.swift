#if Batch
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

struct JSONScannerTests {
    private func accepts(_ bytes: some Collection<UInt8>) -> Bool { (try? JSONText(bytes)) != nil }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "10", "-1.5", "1e5", "1E+5", "1.0e-10", "123456789012345678901234567890",
        "\"\"", "\"a\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"é😀\u{7F}\"", "[]",
        "[ ]", "{}", "{ }", "[1,2]", " [ 1 , { \"a\" : [ ] } ] ", "{\"a\":1,\"a\":2}", "\t\r\n 1 \t\r\n",
        "\"\u{10FFFF}\"",
    ])
    func acceptsWhatTheStandardAccepts(text: String) { #expect(accepts(text.utf8)) }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "+1", "01", "-01", "-", "1.", ".5", "1e", "1e+", "1.e5", "0x10", "NaN",
        "Infinity",
        "'a'", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\U1234\"", "\"a\nb\"", "\"\t\"", "[",
        "]",
        "[1", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "1 2",
        "{} {}", "\u{FEFF}1", "// x\n1", "\u{0}", "1\u{0}", "\"\\", "\"\\u", "[1}", "{\"a\":1]", "tru", "\u{A0}1",
    ])
    func refusesWhatTheStandardRefuses(text: String) { #expect(!accepts(text.utf8)) }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF1, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func refusesStringsThatAreNotUTF8(bytes: [UInt8]) {
        #expect(!accepts([0x22] + bytes + [0x22]))
        #expect(!accepts([0x22] + bytes))
    }

    @Test(arguments: ["\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"])
    func acceptsTheBordersOfUTF8(text: String) { #expect(accepts("\"\(text)\"".utf8)) }

    @Test func nestingIsLimitedAndDeepNestingDoesNotCrash() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(accepts(nested(JSONScanner.maximumDepth).utf8))
        #expect(!accepts(nested(JSONScanner.maximumDepth + 1).utf8))
        #expect(!accepts(String(repeating: "[", count: 1_000_000).utf8))
        #expect(!accepts(String(repeating: "{\"a\":", count: 1_000_000).utf8))
    }

    @Test func anErrorNamesItsColumn() throws {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONText("{\"a\": tru}".utf8) }
        #expect(error?.description == "expected 'true' at column 10")
    }

    /// Random edits of valid texts: no crash, and the same verdict as Foundation wherever both follow the standard.
    @Test func randomEditsAreJudgedAsFoundationJudgesThem() {
        var random = seededRandom()
        let seeds = [
            #"{"a": [1, -2.5e3, true, null], "b\u00e9": {"c": "\ud83d\ude00x\\"}, "": ""}"#,
            #"[[], {}, "", 0, -0, 1E5, "é😀", {"k": [false]}]"#, #""text \n \u0041""#,
        ]
        let alphabet = Array(#"{}[]",:\u0123456789eE+-.truefalsn /"#.utf8) + [0, 9, 10, 13, 31, 127]
        for _ in 0..<20_000 {
            var bytes = Array(seeds.randomElement(using: &random)!.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = alphabet.randomElement(using: &random)!
                case 1 where bytes.count > 1: bytes.remove(at: index)
                case 2: bytes.insert(alphabet.randomElement(using: &random)!, at: index)
                default: bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let mine = try? JSONText(bytes)
            if let mine { #expect((try? JSONText(mine.bytes)) == mine) }
            // Foundation also takes other encodings, byte order marks, NULs at the end and lone surrogates differ.
            guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0),
                !String(decoding: bytes, as: UTF8.self).lowercased().contains("\\ud"),
                !String(decoding: bytes, as: UTF8.self).lowercased().contains("e")
            else { continue }
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
            #expect((mine != nil) == (theirs != nil), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
#endif
