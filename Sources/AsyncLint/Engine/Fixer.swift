#if Lint
/// Applies safe fixes to a text.
public enum Fixer {
    /// What came out, and how many fixes went in.
    public struct Outcome: Sendable {
        /// The new text.
        public let bytes: [UInt8]
        /// How many fixes were applied.
        public let count: Int
    }

    /// Applies the safe fixes of findings that nothing silences. Of fixes that touch the same bytes the first goes in: a second run
    /// takes the next.
    public static func apply(_ findings: [Finding], to bytes: [UInt8]) -> Outcome {
        var edits: [Fix.Edit] = []
        var count = 0
        for finding in findings where finding.suppression == nil {
            guard let fix = finding.fixes.first(where: { $0.safety == .safe }) else { continue }
            let clash = fix.edits.contains { new in
                edits.contains { old in new.start <= old.end && old.start <= new.end }
            }
            if clash { continue }
            edits += fix.edits
            count += 1
        }
        var result: [UInt8] = []
        var position = 0
        for edit in edits.sorted(by: { $0.start < $1.start }) {
            result += bytes[position..<edit.start]
            result += Array(edit.text.utf8)
            position = edit.end
        }
        result += bytes[position...]
        return Outcome(bytes: result, count: count)
    }
}
#endif
