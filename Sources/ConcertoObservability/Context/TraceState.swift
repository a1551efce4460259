#if Observability
/// What several tracing systems keep with a trace: the header `tracestate`.
public struct TraceState: Sendable, Hashable {
    /// Keys and values, the latest first.
    public private(set) var members: [Member] = []

    /// What one system keeps.
    public struct Member: Sendable, Hashable {
        /// The system.
        public let key: String
        /// What it keeps.
        public let value: String

        var length: Int { key.utf8.count + value.utf8.count + 1 }
    }

    /// Nothing kept.
    public init() {}

    /// Reads the header; several are joined by commas before.
    ///
    /// - Returns: `nil` for more than 32 members, a key twice, or what is no member: the header is dropped then, the trace
    ///   goes on.
    public init?(_ header: String) {
        var seen: Set<String> = []
        for part in header.split(separator: ",") {
            let text = part.drop { $0 == " " || $0 == "\t" }
            let member = text.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            guard !member.isEmpty else { continue }
            let pair = String(member).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, Self.isKey(pair[0]), Self.isValue(pair[1]), seen.insert(String(pair[0])).inserted
            else { return nil }
            members.append(Member(key: String(pair[0]), value: String(pair[1])))
        }
        guard members.count <= 32 else { return nil }
    }

    /// Puts a member in front, in place of an older one of this key. What is no key or no value changes nothing.
    public mutating func put(_ key: String, _ value: String) {
        guard Self.isKey(key[...]), Self.isValue(value[...]) else { return }
        members.removeAll { $0.key == key }
        members.insert(Member(key: key, value: value), at: 0)
        if members.count > 32 { members.removeLast() }
    }

    /// The header, 512 characters at most: long members go first, then the oldest. Empty for none.
    public var header: String {
        var kept = members
        func length() -> Int { kept.reduce(kept.count - 1) { $0 + $1.length } }
        while length() > 512, let long = kept.lastIndex(where: { $0.length > 128 }) { kept.remove(at: long) }
        while length() > 512 { kept.removeLast() }
        return kept.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private static func isKey(_ key: Substring) -> Bool {
        guard (1...256).contains(key.utf8.count), let first = key.utf8.first else { return false }
        let isLetter = { (byte: UInt8) in byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
        let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        return (isLetter(first) || isDigit(first))
            && key.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_-*/@".utf8.contains($0) }
    }

    private static func isValue(_ value: Substring) -> Bool {
        (1...256).contains(value.utf8.count) && value.utf8.last != UInt8(ascii: " ")
            && value.utf8.allSatisfy {
                (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=")
            }
    }
}
#endif
