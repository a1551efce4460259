#if Batch
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

struct LineReaderTests {
    private func lines(_ text: String) throws -> [String] {
        let folder = try TemporaryFolder()
        let input = try InputFile(path: try folder.write("input", text))
        var reader = input.reader(judges: false)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(reader.lineNumber == lines.count)
        return lines
    }

    @Test(
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("\n", [""]), ("\n\na\n", ["", "", "a"]),
            ("a\r\nb\r\n", ["a", "b"]), ("a\rb\n", ["a\rb"]), ("a\r\r\n", ["a\r"]), ("é\n😀", ["é", "😀"]),
        ] as [(String, [String])])
    func splitsAtLineBreaks(text: String, expected: [String]) throws { #expect(try lines(text) == expected) }

    @Test(arguments: [-2, -1, 0, 1, 2])
    func linesCrossTheBordersOfChunks(offset: Int) throws {
        let first = String(repeating: "x", count: LineReader.chunkSize + offset)
        let second = String(repeating: "y", count: LineReader.chunkSize * 2 + offset)
        #expect(try lines("\(first)\r\n\(second)\nend") == [first, second, "end"])
    }

    @Test func manyLinesComeOutAsTheyWentIn() throws {
        var random = seededRandom()
        let expected = (0..<20_000).map {
            "\($0)" + String(repeating: "z", count: Int.random(in: 0...60, using: &random))
        }
        #expect(try lines(expected.joined(separator: "\n") + "\n") == expected)
    }

    @Test func aFileWithoutLineBreaksIsNamedAsSuch() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("input", "{}\n")
        let descriptor = open(path, O_WRONLY)
        // A sparse file: zeros that take no room.
        ftruncate(descriptor, off_t(LineReader.maximumLineLength + LineReader.chunkSize * 2))
        close(descriptor)
        let input = try InputFile(path: path)
        var reader = input.reader(judges: false)
        #expect(try reader.next().map(Array.init) == Array("{}".utf8))
        let error = #expect(throws: BatchError.self) { _ = try reader.next()?.count }
        #expect(error?.kind == .configuration && error?.description.contains("line 2") == true)
    }
}
#endif
