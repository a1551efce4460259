import Concerto
import ConcertoStreams
import TestSupport
import Testing

/// Every way to cut `text` into two pieces, and into single bytes.
private func cuts(_ text: String) -> [[[UInt8]]] {
    let bytes = Array(text.utf8)
    return (0...bytes.count).map { [Array(bytes[..<$0]), Array(bytes[$0...])] } + [bytes.map { [$0] }]
}

@Suite struct ParsingTests {
    private func lines(_ text: String, _ separator: LineSeparator = .lineFeed, limit: Int = 100) async throws
        -> [String]
    {
        var results: Set<[String]> = []
        for pieces in cuts(text) {
            results.insert(
                try await pieces.asStream().textLines(separator: separator, limit: limit).toArray(limit: 100))
        }
        #expect(results.count == 1, "it matters where the text is cut: \(results)")
        return results.first!
    }

    @Test func `117: lines end with LF or CR LF, and a lone CR belongs to its line`() async throws {
        #expect(try await lines("a\r\nb\n\nc\rd") == ["a", "b", "", "c\rd"])
        #expect(try await lines("a\r\nb\n\nc\rd", .any) == ["a", "b", "", "c", "d"])
        #expect(try await lines("a\r\r\n\nb\r", .any) == ["a", "", "", "b"])
    }

    @Test func `118: empty texts, last lines, a mark at the start, and what is no separator`() async throws {
        #expect(try await lines("") == [])
        #expect(try await lines("\n") == [""])
        #expect(try await lines("a") == ["a"])
        #expect(try await lines("a\n") == ["a"])
        #expect(try await lines("\u{FEFF}a\n\u{FEFF}b") == ["a", "\u{FEFF}b"])
        #expect(try await lines("\u{FEFF}") == [])
        #expect(try await lines("a\u{2028}b\u{85}c\u{0B}d\u{0C}e\nf") == ["a\u{2028}b\u{85}c\u{0B}d\u{0C}e", "f"])
        #expect(try await lines("ä€😀\nß") == ["ä€😀", "ß"])
    }

    @Test func `119: a line over the limit fails with its number and offset, and takes no memory`() async throws {
        #expect(try await lines("0123456789\nx", limit: 10) == ["0123456789", "x"])
        #expect(try await lines("0123456789\r\nx", limit: 10) == ["0123456789", "x"])
        for pieces in cuts("01234567890\n") {
            await #expect(throws: LineTooLongError(line: 1, offset: 0, limit: 10)) {
                try await pieces.asStream().textLines(limit: 10).count()
            }
        }
        await #expect(throws: LineTooLongError(line: 2, offset: 3, limit: 4)) {
            try await [Array("ab\n12345".utf8)].asStream().textLines(limit: 4).count()
        }
        let endless = AsyncGenerator<[UInt8]> { yield in
            while true { try await yield([UInt8](repeating: 0x61, count: 1_000)) }
        }
        await #expect(throws: LineTooLongError(line: 1, offset: 0, limit: 100_000)) {
            try await endless.textLines(limit: 100_000).count()
        }
        #expect(throws: ArgumentError.self) { try [[UInt8]()].asStream().textLines(limit: 0) }
    }

    @Test func `bytes that are no UTF-8 are repaired, or refused with their offset`() async throws {
        let bytes: [UInt8] = [0x61, 0x0A, 0x62, 0xC3, 0xA4, 0xFF, 0x63, 0x0A]
        #expect(try await [bytes].asStream().textLines().toArray(limit: 9) == ["a", "bä\u{FFFD}c"])
        await #expect(throws: InvalidTextError(line: 2, offset: 5)) {
            try await [bytes].asStream().textLines(invalidText: .fail).count()
        }
    }

    private func elements(_ text: String, _ pieces: [[UInt8]]) async -> ([String], (any Error)?) {
        var seen: [String] = []
        do {
            for try await element in try pieces.asStream().jsonElements() {
                seen.append(String(decoding: element, as: UTF8.self))
            }
        } catch { return (seen, error) }
        return (seen, nil)
    }

    @Test func `124: the elements of a JSON array, wherever it is cut`() async throws {
        let cases: [(String, [String], Int?)] = [
            (#"[{"a":"]\""},2,[3]]"#, [#"{"a":"]\""}"#, "2", "[3]"], nil), ("[]", [], nil), (" [ ] ", [], nil),
            (#"["a\\",true , null]"#, [#""a\\""#, "true", "null"], nil), ("[1,2", ["1"], 4), ("[1]x", ["1"], 3),
            ("[1 2]", ["1"], 3), ("[,1]", [], 1), ("[1,]", ["1"], 3), ("{}", [], 0), ("[", [], 1), ("", [], 0),
        ]
        for (text, expected, offset) in cases {
            for pieces in cuts(text) {
                let (seen, error) = await elements(text, pieces)
                #expect(seen == expected, "\(text)")
                #expect((error as? JSONElementError)?.offset == offset, "\(text): \(String(describing: error))")
            }
        }
    }

    @Test func `B13: an element of a JSON array comes while the connection stays open`() async throws {
        let channel = UnboundedChannel<[UInt8]>()
        _ = channel.tryWrite(Array(#"[{"id":1},{"#.utf8))
        var iterator = try channel.jsonElements().makeAsyncIterator()
        #expect(try await iterator.next().map { String(decoding: $0, as: UTF8.self) } == #"{"id":1}"#)
    }

    @Test func `JSON that is too deep or too large is refused`() async throws {
        let deep = String(repeating: "[", count: 9) + String(repeating: "]", count: 9)
        await #expect(throws: JSONElementError.self) {
            try await [Array("[\(deep)]".utf8)].asStream().jsonElements(maximumDepth: 8).count()
        }
        await #expect(throws: JSONElementError.self) {
            try await [Array(#"["12345678"]"#.utf8)].asStream().jsonElements(limit: 8).count()
        }
        #expect(throws: ArgumentError.self) { try [[UInt8]()].asStream().jsonElements(limit: 0) }
    }

    @Test func `NDJSON is cut at LF only, and blank lines are none`() async throws {
        let text = "{\"a\":1}\r\n\n  \n{\"b\":\"\u{2028}\"}\n"
        for pieces in cuts(text) {
            let seen = try await pieces.asStream().ndjson().toArray(limit: 9).map {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(seen == ["{\"a\":1}", "{\"b\":\"\u{2028}\"}"])
        }
    }

    @Test func `125: rows of CSV, wherever they are cut`() async throws {
        let cases: [(String, [[String]])] = [
            ("a,\"b\nc\",\"d\"\"e\"\r\n", [["a", "b\nc", "d\"e"]]), ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
            ("a\rb\n\n\"\"\n,\n", [["a"], ["b"], [""], ["", ""]]), ("\u{FEFF}\"x\",y\n", [["x", "y"]]),
            ("a,\"\"\"\"\"\",b", [["a", "\"\"", "b"]]), ("", []), ("ä,€", [["ä", "€"]]),
        ]
        for (text, expected) in cases {
            for pieces in cuts(text) {
                #expect(try await pieces.asStream().csv().toArray(limit: 99) == expected, "\(text)")
            }
        }
    }

    @Test func `125: an open quote names its line, and bad widths follow their policy`() async throws {
        func rows(_ text: String, _ dialect: CSVDialect = CSVDialect()) async -> ([[String]], (any Error)?) {
            var seen: [[String]] = []
            do {
                for try await row in [Array(text.utf8)].asStream().csv(dialect) { seen.append(row) }
            } catch { return (seen, error) }
            return (seen, nil)
        }
        let open = await rows("a,b\nc,\"d\ne\nf")
        #expect(open.0 == [["a", "b"]])
        #expect((open.1 as? CSVError)?.line == 2)
        var dialect = CSVDialect()
        dialect.fieldLimit = 5
        #expect(((await rows("a\n\"bcdefghijk\n", dialect)).1 as? CSVError)?.line == 2)
        #expect(((await rows("\"a\"b\n")).1 as? CSVError)?.line == 1)
        let failing = await rows("a,b,c\na,b\n", CSVDialect(columns: 3))
        #expect(failing.0 == [["a", "b", "c"]])
        #expect((failing.1 as? CSVError)?.line == 2)
        #expect(
            (await rows("a,b\na,b,c,d\n", CSVDialect(columns: 3, wrongWidth: .adjust))).0 == [
                ["a", "b", ""], ["a", "b", "c"],
            ])
        #expect((await rows("a,b\n", CSVDialect(columns: 3, wrongWidth: .keep))).0 == [["a", "b"]])
        #expect((await rows("a;b\n", CSVDialect(separator: UInt8(ascii: ";")))).0 == [["a", "b"]])
    }

    @Test func `random texts of lines come back as they were, cut anywhere`() async throws {
        var random = seededRandom()
        let alphabet = Array("ab\n\r\u{2028}ä😀,\"")
        for _ in 0..<200 {
            let text = String(
                (0..<Int.random(in: 0...30, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
            let bytes = Array(text.utf8)
            var pieces: [[UInt8]] = []
            var at = 0
            while at < bytes.count {
                let length = Int.random(in: 1...4, using: &random)
                pieces.append(Array(bytes[at..<min(bytes.count, at + length)]))
                at += length
            }
            var expected = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
                String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            }
            // The last one has no LF after it, so its CR belongs to it; and after a last LF there is no line.
            if let last = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).last {
                expected[expected.count - 1] = String(decoding: last, as: UTF8.self)
            }
            if expected.last == "" { expected.removeLast() }
            #expect(try await pieces.asStream().textLines().toArray(limit: 99) == expected)
        }
    }
}
