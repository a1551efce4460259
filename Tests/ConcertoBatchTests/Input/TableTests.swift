#if Batch
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

struct TableTests {
    @Test func `B61: cells are text, and only a template makes numbers`() throws {
        let calls = try CallsOf("in.csv", "zip,acct\n00123,\"008727100\"\n1e5,89111702272002019542\n") {
            $0.template.url = "http://h/{zip}"
            $0.template.body = #"{"z": "{zip}", "n": {acct}, "m": {acct:raw}}"#
        }
        let rows = try calls.rows()
        #expect(rows.map(\.url) == ["http://h/00123", "http://h/1e5"])
        #expect(rows[0].text == #"{"z": "00123", "n": "008727100", "m": 008727100}"#)
        #expect(rows[1].text == #"{"z": "1e5", "n": "89111702272002019542", "m": 89111702272002019542}"#)
        #expect(rows[1].metadata?.text == #"{"zip":"1e5","acct":"89111702272002019542"}"#)
        #expect(rows[0].method == "POST" && rows[0].header("content-type") == "application/json")
        let numbers = try CallsOf("in.csv", "n\n1.10\n007\n\n\" 5 \"\nx\n\"\"\n") {
            $0.template.url = "http://h/"
            $0.template.body = #"{"n": {n:number}}"#
        }
        #expect(try numbers.items().map { try? $0.get().text } == [#"{"n": 1.10}"#, nil, #"{"n": 5}"#, nil, nil])
        #expect(try numbers.reasons()[1] == "line 3: 'n' is no number, and {n:number} wants one")
        #expect(try numbers.reasons()[4] == "line 7: 'n' is empty, and {n:number} wants one")
    }

    @Test func `B62: quotes, doubled quotes, line breaks in quotes, CR and CR LF after a quoted cell`() throws {
        let text =
            "url,n\r\nhttp://h/1,\"a \"\"b\"\"\"\r\nhttp://h/2,\"x\ny\"\r\nhttp://h/3,a\"b\r\n\r\n\"http://h/4\",\"\"\n"
        let rows = try CallsOf("in.csv", text).rows()
        #expect(rows.map(\.url) == ["http://h/1", "http://h/2", "http://h/3", "http://h/4"])
        #expect(rows.map(\.identity.line) == [2, 3, 5, 7])
        let cells = rows.map { $0.metadata?.text ?? "" }
        #expect(cells[0] == #"{"url":"http://h/1","n":"a \"b\""}"# && cells[1].contains(#""x\ny""#))
        #expect(cells[2].contains(#""a\"b""#) && cells[3].contains(#""n":"""#))
        #expect(try CallsOf("in.csv", "url\rhttp://h/1\rhttp://h/2").urls() == ["http://h/1", "http://h/2"])
    }

    @Test func `B62: the delimiter comes from a flag, the file's name, or a line that tells it`() throws {
        let urls = ["http://h/1"]
        #expect(try CallsOf("in.csv", "a;url\n,;http://h/1\n") { $0.delimiter = UInt8(ascii: ";") }.urls() == urls)
        #expect(try CallsOf("in.tsv", "a\turl\n,\thttp://h/1\n").urls() == urls)
        let told = try CallsOf("in.csv", "\u{FEFF}sep=;\r\na;url\r\nx;http://h/1\r\n").rows()
        #expect(told.map(\.url) == urls && told[0].identity.line == 3)
        let named = try CallsOf("rows", "url,a\nhttp://h/1,b\n") { $0.inputForm = .csv }
        #expect(try named.urls() == urls)
        let error = #expect(throws: BatchError.self) { try CallsOf("in.csv", "a\turl\n1\thttp://h/\n").items() }
        #expect(error?.description.hasSuffix("has no ',', but tab: read it with --delimiter tab") == true)
    }

    @Test func `B62: a ragged row fails with its line, and the others are called`() throws {
        let calls = try CallsOf("in.csv", "url,a\nhttp://h/1\nhttp://h/2,b\nhttp://h/3,b,c\n")
        #expect(try calls.items().map { try? $0.get().url } == [nil, "http://h/2", nil])
        #expect(try calls.reasons()[0]?.hasPrefix("line 2: the row has 1 cell, and there are 2 columns") == true)
        #expect(try calls.reasons()[2]?.hasPrefix("line 4: the row has 3 cells") == true)
    }

    @Test func `B62: columns without a name, with spaces, and without a header`() throws {
        let spaced = try CallsOf("in.csv", ", first name ,url\n0,Ada L,http://h/\n") {
            $0.template.url = "http://h/?n={first name}"
        }
        #expect(try spaced.urls() == ["http://h/?n=Ada%20L"])
        #expect(try spaced.rows()[0].metadata?.text == #"{"first name":"Ada L","url":"http://h/"}"#)
        let bare = try CallsOf("in.csv", "7,x\n8,y\n") {
            $0.hasHeader = false
            $0.idColumn = "1"
            $0.template.url = "http://h/{2}"
        }
        #expect(try bare.urls() == ["http://h/x", "http://h/y"])
        #expect(try bare.rows().map(\.identity.token.text) == [#""7""#, #""8""#])
    }

    @Test func `B1, B2: a byte order mark is skipped, and another encoding is refused`() throws {
        #expect(try CallsOf("in.csv", "\u{FEFF}url\nhttp://h/1\n").urls() == ["http://h/1"])
        let utf16 = try #require("url\nhttp://h/\n".data(using: .utf16))
        let error = #expect(throws: BatchError.self) { try CallsOf("in.csv", utf16).items() }
        #expect(error?.description.contains("is UTF-16") == true && error?.description.contains("iconv") == true)
        let latin = Array("url,n\nhttp://h/1,caf".utf8) + [0xE9, 0x0A] + Array("http://h/2,x\n".utf8)
        #expect(try CallsOf("in.csv", latin).reasons().map { $0?.contains("is not UTF-8; iconv") } == [true, nil])
    }

    @Test func `an id comes from its column, and an empty one fails the row`() throws {
        let calls = try CallsOf("in.csv", "id,url\n01,http://h/\n,http://h/\n") { $0.idColumn = "id" }
        #expect(try calls.items().map(\.identity.token.text) == [#""01""#, "2"])
        #expect(try calls.reasons() == [nil, "line 3: the id is empty"])
    }

    @Test func `a list of URLs makes calls, and other lines do where asked to`() throws {
        let list = try CallsOf("urls", "https://h/a b\r\n\nhttp://u:secret@h/?api_key=k\n")
        #expect(try list.urls() == ["https://h/a%20b", "http://h/?api_key=k"])
        #expect(try list.rows().map(\.identity.line) == [1, 3])
        #expect(try list.rows()[1].metadata?.text == #"{"line":"http://(secret)@h/?api_key=(secret)"}"#)
        let ids = try CallsOf("ids.txt", "7\n a/b \n") {
            $0.inputForm = .lines
            $0.template.url = "http://h/{line}"
        }
        #expect(try ids.urls() == ["http://h/7", "http://h/a%2Fb"])
    }

    @Test func `rows cross the borders of chunks`() throws {
        var random = seededRandom()
        let cells = (0..<8_000).map { _ in
            String((0..<Int.random(in: 0...90, using: &random)).map { _ in "ab,\"\n é".randomElement(using: &random)! })
        }
        let text = "url,n\n" + cells.map { "http://h/,\"\($0.replacing("\"", with: "\"\""))\"\n" }.joined()
        let rows = try CallsOf("in.csv", text).rows()
        #expect(
            rows.map { $0.metadata?.text } == cells.map { #"{"url":"http://h/","n":\#(JSONText.string($0).text)}"# })
    }

    @Test func `gzip is unpacked, several members one behind the other too, and what was cut is named`() throws {
        // printf 'url\nhttp://h/1\n' | gzip -n, and the same of 'http://h/2\n'.
        let first = try #require(Data(base64Encoded: "H4sIAAAAAAAAAystyuHKKCkpsNLXz9A35AIAjQ+u0Q8AAAA="))
        let second = try #require(Data(base64Encoded: "H4sIAAAAAAAAA8soKSmw0tfP0DfiAgBOdnMGCwAAAA=="))
        #expect(try CallsOf("in.csv.gz", first + second + Data(count: 100)).urls() == ["http://h/1", "http://h/2"])
        for length in [2, 12, first.count - 1] {
            let error = #expect(throws: BatchError.self) { try CallsOf("in.csv.gz", first.prefix(length)).items() }
            #expect(error?.description.contains("ends in the middle of its data") == true)
        }
        let error = #expect(throws: BatchError.self) {
            try CallsOf("in.csv.gz", first.prefix(15) + Data([0xFF, 0xFF]) + first.dropFirst(17)).items()
        }
        #expect(error?.description.contains("damaged") == true)
    }
}
#endif
