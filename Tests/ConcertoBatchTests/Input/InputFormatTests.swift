#if Batch
import Foundation
import Testing

@testable import ConcertoBatch

/// T19: each of these became as many failed rows as it had lines.
struct InputFormatTests {
    private func judge(_ text: String, isWhole: Bool = true) -> InputFormat.Verdict {
        InputFormat.judge(Array(text.utf8)[...], isWhole: isWhole)
    }

    private func what(_ bytes: [UInt8]) -> String? {
        if case .other(let what) = InputFormat.judge(bytes[...], isWhole: true) { what } else { nil }
    }

    @Test(arguments: [
        "{\"url\":\"http://h/\"}\n", "\n \n{\"url\":1}", "{}", "nonsense\n{\"url\":\"http://h/\"}\n", "{\"a\":\n",
        "\u{FEFF}{\"url\":\"http://h/\"}", "a,b\n{\"url\":1}\n", "", "\n\n", "1\n2\n3\n4\n{}\n",
    ])
    func `an input with a row among its first lines is one of rows`(text: String) { #expect(judge(text) == .rows) }

    @Test(arguments: [
        ("[{\"url\":\"http://h/\"}]", "JSON array"), ("[\n  {\"url\": \"http://h/\"},\n", "JSON array"),
        ("\u{FEFF}[1]", "JSON array"), ("{\n  \"url\": \"http://h/\"\n}\n", "several lines"),
        ("id,url\n1,http://h/\n", "CSV"), ("id;url\n", "CSV"), ("id\turl\n", "CSV"),
        ("\"id\",\"url\"\n\"1\",\"http://h/\"\n", "CSV"),
        ("a\nb\nc\nd\ne\n{}\n", "no JSON objects"), ("7", "no JSON objects"),
    ])
    func `another format is named in a sentence`(text: String, name: String) throws {
        let what = try #require(self.what(Array(text.utf8)))
        #expect(what.contains(name) && !what.contains("\n"), "\(what)")
    }

    @Test(arguments: ["https://example.com/1\nhttps://example.com/2\n", "http://h/", "\u{FEFF}\n http://h/\n"])
    func `a list of URLs is one`(text: String) { #expect(judge(text) == .urls) }

    @Test func `compressed files and UTF-16 are named`() {
        let utf16 = "{\"url\":1}\n".data(using: .utf16LittleEndian)!
        let cases: [([UInt8], String)] = [
            ([0x28, 0xB5, 0x2F, 0xFD, 0], "zstd"), (Array("PK\u{3}\u{4}".utf8), "zip"),
            (Array("BZh91AY".utf8), "bzip2"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"),
            ([0xFF, 0xFE] + utf16, "UTF-16"),
            ([0xFE, 0xFF, 0, 0x7B], "UTF-16"), (Array(utf16), "UTF-16"),
        ]
        for (bytes, name) in cases { #expect(what(bytes)?.contains(name) == true, "\(name)") }
    }

    @Test func `what has come so far is judged when it suffices, and not before`() {
        let text = Array("\u{FEFF}https://a/\nhttps://b/\nhttps://c/\nhttps://d/\nhttps://e/\nhttps://f/\n".utf8)
        let verdicts = (0...text.count).map { InputFormat.judge(text[..<$0], isWhole: false) }
        #expect(verdicts.first == .undecided)
        let decided = verdicts.firstIndex { $0 != .undecided }
        #expect(decided == "\u{FEFF}https://a/\nhttps://b/\nhttps://c/\nhttps://d/\nhttps://e/\n".utf8.count)
        #expect(InputFormat.judge(Array("{\"ur".utf8)[...], isWhole: false) == .rows)
        #expect(InputFormat.judge(Array("{".utf8)[...], isWhole: false) == .undecided)
    }

    @Test func `byte order marks at the begin of lines are skipped`() throws {
        let folder = try TemporaryFolder()
        let input = try InputFile(path: try folder.write("input", "\u{FEFF}{\"a\":1}\n\u{FEFF}{\"b\":2}\r\n\u{FEFF}"))
        var reader = input.reader()
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(lines == ["{\"a\":1}", "{\"b\":2}", ""])
        #expect(reader.offset == Int64(try folder.read("input").utf8.count))
    }
}
#endif
