#if Lint
/// What changes from one text to another, as `diff -u` writes it and `patch -p1` reads it.
public enum UnifiedDiff {
    /// The diff of a file; empty when nothing changes.
    public static func text(path: String, from old: [UInt8], to new: [UInt8]) -> String {
        if old == new { return "" }
        let before = lines(old)
        let after = lines(new)
        // Fixes touch few lines: what is equal at both ends goes first, and the middle is compared line by line.
        var head = 0
        while head < before.count, head < after.count, before[head] == after[head] { head += 1 }
        var tail = 0
        while tail < before.count - head, tail < after.count - head,
            before[before.count - 1 - tail] == after[after.count - 1 - tail]
        {
            tail += 1
        }
        let middle = changes(
            Array(before[head..<(before.count - tail)]), Array(after[head..<(after.count - tail)]), offset: head)
        var text = "--- a/\(path)\n+++ b/\(path)\n"
        for hunk in hunks(middle, before, after) { text += hunk }
        return text
    }

    private enum Change {
        case keep(old: Int, new: Int)
        case drop(Int)
        case add(Int)
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        var result: [String] = []
        var start = 0
        for index in bytes.indices where bytes[index] == 0x0A {
            result.append(String(decoding: bytes[start...index], as: UTF8.self))
            start = index + 1
        }
        if start < bytes.count { result.append(String(decoding: bytes[start...], as: UTF8.self)) }
        return result
    }

    /// The longest common subsequence by dynamic programming; a middle that is too large is replaced as a whole.
    private static func changes(_ old: [String], _ new: [String], offset: Int) -> [Change] {
        if old.count * new.count > 4_000_000 {
            return old.indices.map { .drop($0 + offset) } + new.indices.map { .add($0 + offset) }
        }
        var lengths = [[Int32]](repeating: [Int32](repeating: 0, count: new.count + 1), count: old.count + 1)
        for i in old.indices.reversed() {
            for j in new.indices.reversed() {
                lengths[i][j] = old[i] == new[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
            }
        }
        var result: [Change] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, j < new.count, old[i] == new[j] {
                result.append(.keep(old: i + offset, new: j + offset))
                i += 1
                j += 1
            } else if i < old.count, j == new.count || lengths[i + 1][j] >= lengths[i][j + 1] {
                result.append(.drop(i + offset))
                i += 1
            } else {
                result.append(.add(j + offset))
                j += 1
            }
        }
        return result
    }

    private static func hunks(_ middle: [Change], _ before: [String], _ after: [String]) -> [String] {
        let context = 3
        // Lines around the middle are equal on both sides.
        guard let first = middle.first else { return [] }
        let start = old(first) ?? new(first)!
        var all: [Change] = (max(0, start - context)..<start).map { .keep(old: $0, new: $0) }
        all += middle
        let shift = after.count - before.count
        let oldEnd = middle.reduce(start) { max($0, (old($1) ?? -1) + 1) }
        for line in oldEnd..<min(before.count, oldEnd + context) { all.append(.keep(old: line, new: line + shift)) }
        var result: [String] = []
        var current: [Change] = []
        var equal = 0
        func flush() {
            var kept = 0
            while case .keep? = current.last, kept < max(0, equal - context) {
                current.removeLast()
                kept += 1
            }
            if current.contains(where: { if case .keep = $0 { false } else { true } }) {
                result.append(render(current, before, after))
            }
            current = []
            equal = 0
        }
        for change in all {
            if case .keep = change {
                equal += 1
                current.append(change)
                if equal > 2 * context {
                    let rest = Array(current.suffix(context))
                    flush()
                    current = rest
                    equal = rest.count
                }
            } else {
                if current.allSatisfy({ if case .keep = $0 { true } else { false } }) {
                    current = Array(current.suffix(context))
                }
                equal = 0
                current.append(change)
            }
        }
        flush()
        return result
    }

    private static func old(_ change: Change) -> Int? {
        switch change {
        case .keep(let line, _), .drop(let line): line
        case .add: nil
        }
    }

    private static func new(_ change: Change) -> Int? {
        switch change {
        case .keep(_, let line), .add(let line): line
        case .drop: nil
        }
    }

    private static func render(_ hunk: [Change], _ before: [String], _ after: [String]) -> String {
        let olds = hunk.compactMap(old)
        let news = hunk.compactMap(new)
        func range(_ lines: [Int]) -> String {
            guard let first = lines.first else { return "0,0" }
            return "\(first + 1),\(lines.count)"
        }
        var text = "@@ -\(range(olds)) +\(range(news)) @@\n"
        for change in hunk {
            let (mark, line) =
                switch change {
                case .keep(let line, _): (" ", before[line])
                case .drop(let line): ("-", before[line])
                case .add(let line): ("+", after[line])
                }
            text += mark + line
            if line.last != "\n" && line.last != "\r\n" { text += "\n\\ No newline at end of file\n" }
        }
        return text
    }
}
#endif
