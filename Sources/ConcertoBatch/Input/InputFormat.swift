#if Batch
/// Whether an input holds rows at all, told by its first bytes: who gives another kind of file should hear that in one
/// sentence, before the first call, and not as a million failed rows.
enum InputFormat {
    enum Verdict: Equatable {
        /// More of the input is needed.
        case undecided
        case rows
        /// A URL a line.
        case urls
        /// What the input does or is instead, to be read behind its name.
        case other(String)
    }

    /// UTF-8's, which some editors and exports put first.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// Lines none of which is an object make no input of rows; one line may just be broken.
    private static let judgedLines = 5

    /// - Parameters:
    ///   - head: The input's first bytes.
    ///   - isWhole: Whether there is no more, or this much is enough.
    static func judge(_ head: ArraySlice<UInt8>, isWhole: Bool) -> Verdict {
        guard head.count >= 4 || isWhole else { return .undecided }
        if let what = foreign(head) { return .other(what) }
        var rest = head.starts(with: byteOrderMark) ? head.dropFirst(byteOrderMark.count) : head
        var strange: [ArraySlice<UInt8>] = []
        while !rest.isEmpty, strange.count < judgedLines {
            let end = rest.firstIndex(of: 0x0A)
            let line = trimmed(rest[..<(end ?? rest.endIndex)])
            let isComplete = end != nil || isWhole
            switch line.first {
            case nil: break
            case UInt8(ascii: "{"):
                guard line.count == 1 else { return .rows }
                // An opening brace alone: the rest of the object stands on the next lines.
                guard isComplete else { return .undecided }
                return strange.isEmpty ? .other(manyLines) : .rows
            case UInt8(ascii: "[") where strange.isEmpty:
                return .other("is a JSON array, and a row stands on a line of its own; jq -c '.[]' makes rows of it")
            default:
                guard isComplete else { return .undecided }
                strange.append(line)
            }
            guard let end else { break }
            rest = rest[(end + 1)...]
        }
        guard let first = strange.first else { return isWhole ? .rows : .undecided }
        guard strange.count == judgedLines || isWhole else { return .undecided }
        return isURL(first) ? .urls : .other(what(first))
    }

    /// What makes an input no text in UTF-8, by its first bytes; `nil` if nothing does.
    static func foreign(_ head: ArraySlice<UInt8>) -> String? { binary(Array(head.prefix(6))) }

    private static func isURL(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: Array("http://".utf8)) || line.starts(with: Array("https://".utf8))
    }

    private static let manyLines =
        "holds JSON over several lines, and a row stands on one; jq -c . makes rows of it"

    private static func binary(_ magic: [UInt8]) -> String? {
        func begins(_ bytes: UInt8...) -> Bool { magic.starts(with: bytes) }
        let packed: String? =
            if begins(0x28, 0xB5, 0x2F, 0xFD) {
                "zstd"
            } else if begins(0xFD, 0x37, 0x7A, 0x58) {
                "xz"
            } else if begins(0x42, 0x5A, 0x68) {
                "bzip2"
            } else if begins(0x50, 0x4B, 0x03, 0x04) {
                "zip"
            } else {
                nil
            }
        if let packed { return "is compressed (\(packed)), and only gzip is unpacked; unpack it first" }
        guard begins(0xFF, 0xFE) || begins(0xFE, 0xFF) || magic.prefix(4).contains(0) else { return nil }
        return "is UTF-16 (or no text at all), and rows are UTF-8; iconv -f UTF-16 -t UTF-8 converts it"
    }

    /// What a line that is no object looks like.
    private static func what(_ line: ArraySlice<UInt8>) -> String {
        if line.contains(where: { [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09].contains($0) }) {
            return "looks like CSV, and its name does not say so; read it with --input-format csv (or tsv), "
                + "or call it .csv"
        }
        return
            "holds no rows: its first lines are no JSON objects; a row looks like {\"url\": \"https://example.com\"}, "
            + "and --input-format lines makes a row of each line"
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.drop(while: \.isJSONWhitespace).dropLastWhitespace()
    }
}

extension ArraySlice<UInt8> {
    fileprivate func dropLastWhitespace() -> ArraySlice<UInt8> {
        var slice = self
        while slice.last?.isJSONWhitespace == true { slice.removeLast() }
        return slice
    }
}
#endif
