#if Lint
import Foundation

/// A file's bytes and where its lines begin.
struct SourceText: Sendable {
    let bytes: [UInt8]
    private let lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        bytes.withUnsafeBufferPointer { buffer in
            for index in buffer.indices where buffer[index] == 0x0A { starts.append(index + 1) }
        }
        lineStarts = starts
    }

    init(_ text: String) { self.init(Array(text.utf8)) }

    func position(_ offset: Int) -> SourcePosition {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let start = lineStarts[low]
        let characters = bytes[start..<min(max(offset, start), bytes.count)].count { $0 & 0xC0 != 0x80 }
        return SourcePosition(
            line: low + 1, column: offset - start + 1, characterColumn: characters + 1, offset: offset)
    }

    /// The text of a line, from 1, without its end.
    func line(_ number: Int) -> String {
        guard (1...lineStarts.count).contains(number) else { return "" }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    func contains(_ word: String) -> Bool {
        bytes.withUnsafeBytes { hay in
            word.utf8.withContiguousStorageIfAvailable { needle in
                guard var start = hay.baseAddress, let word = needle.baseAddress else { return false }
                let end = start + hay.count
                // `memchr` finds candidates many bytes at a time.
                while end - start >= needle.count,
                    let found = memchr(start, Int32(needle[0]), end - start - needle.count + 1)
                {
                    if memcmp(found, word, needle.count) == 0 { return true }
                    start = UnsafeRawPointer(found) + 1
                }
                return false
            } ?? true
        }
    }
}
#endif
