#if Lint
/// Names findings so that they keep their name when code above them moves: FNV-1a (64 bits, Fowler, Noll and Vo) over rule, path
/// and the line's text without space, then `:n` for the n-th of that name.
enum Fingerprint {
    static func assign(to findings: inout [Finding]) {
        var seen: [UInt64: Int] = [:]
        for index in findings.indices {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            let finding = findings[index]
            let text = "\(finding.rule)|\(finding.path)|" + finding.lineText.filter { !$0.isWhitespace }
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            seen[hash, default: 0] += 1
            let digits = String(hash, radix: 16)
            findings[index].fingerprint =
                String(repeating: "0", count: 16 - digits.count) + digits + ":\(seen[hash]!)"
        }
    }
}
#endif
