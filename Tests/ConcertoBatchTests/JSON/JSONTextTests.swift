#if Batch
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

struct JSONTextTests {
    @Test(arguments: [
        (" { \"b\" : 1 ,\t\"a\" : [ 1 , 2 ] }\r\n", "{\"b\":1,\"a\":[1,2]}"),
        ("\" a  b \"", "\" a  b \""), ("[\"\\\" \", \" \\\\\" , 1]", "[\"\\\" \",\" \\\\\",1]"),
        ("123456789012345678901234567890.0e00", "123456789012345678901234567890.0e00"),
        ("{\"a\":1, \"a\":2}", "{\"a\":1,\"a\":2}"), ("\"\\u00e9\"", "\"\\u00e9\""),
    ])
    func losesWhiteSpaceBetweenTokensAndNothingElse(source: String, compact: String) throws {
        #expect(try JSONText(source.utf8).text == compact)
    }

    @Test(arguments: [
        (#""\u0041\n\t\r\b\f\/\\\"""#, "A\n\t\r\u{8}\u{C}/\\\""), (#""\ud83d\ude00""#, "😀"),
        (#""\uD83D\uDE00x""#, "😀x"),
        (#""\ud83d""#, "\u{FFFD}"), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\ud83dx""#, "\u{FFFD}x"), (#""\u0000""#, "\u{0}"), ("\"é\"", "é"), ("\"\"", ""),
        (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
    ])
    func readsEscapes(json: String, text: String) throws {
        #expect(try JSONText(json.utf8).stringValue.map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test(arguments: ["1", "null", "[\"a\"]", "{}"])
    func onlyStringsHaveText(json: String) throws { #expect(try JSONText(json.utf8).stringValue == nil) }

    @Test func whatIsWrittenAsAStringIsReadBack() throws {
        var random = seededRandom()
        for _ in 0..<500 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let range: ClosedRange<UInt32> = Bool.random(using: &random) ? 0...0x80 : 0...0x10FFFF
                if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { scalars.append(scalar) }
            }
            let text = String(scalars)
            let json = JSONText.string(text)
            #expect(try JSONText(json.bytes) == json)
            #expect(json.stringValue.map { Array($0.utf8) } == Array(text.utf8))
            #expect(!json.bytes.contains { $0 < 0x20 })
        }
    }

    @Test func membersKeepOrderAndRepeatedNames() throws {
        let source = Array(#" { "b" : [1, 2] , "a": "x", "b": null } "#.utf8)
        let members = try source.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return try scanner.members(of: source)
        }
        #expect(members.map(\.key) == ["b", "a", "b"])
        #expect(members.map(\.value.text) == ["[1,2]", "\"x\"", "null"])
    }
}
#endif
