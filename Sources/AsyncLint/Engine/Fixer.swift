#if Lint
/// Applies fixes to a text.
public enum Fixer {
    /// What came out, and which fixes went in.
    public struct Outcome: Sendable {
        /// The new text.
        public let bytes: [UInt8]
        /// The findings whose fix was applied, with it.
        public let applied: [(finding: Finding, fix: Fix)]
        /// How many fixes were applied.
        public var count: Int { applied.count }
    }

    /// Applies the safe fixes of findings that nothing silences, and suggestions where they are asked for. Of fixes that touch the
    /// same bytes the first goes in: a second run takes the next.
    public static func apply(_ findings: [Finding], to bytes: [UInt8], includesSuggestions: Bool = false) -> Outcome {
        var edits: [Fix.Edit] = []
        var applied: [(finding: Finding, fix: Fix)] = []
        for finding in findings where finding.suppression == nil {
            let safe = finding.fixes.first { $0.safety == .safe }
            guard let fix = safe ?? (includesSuggestions ? finding.fixes.first : nil) else { continue }
            let clash = fix.edits.contains { new in
                edits.contains { old in new.start <= old.end && old.start <= new.end }
            }
            if clash { continue }
            edits += fix.edits
            applied.append((finding, fix))
        }
        var result: [UInt8] = []
        var position = 0
        for edit in edits.sorted(by: { $0.start < $1.start }) {
            result += bytes[position..<edit.start]
            result += Array(edit.text.utf8)
            position = edit.end
        }
        result += bytes[position...]
        return Outcome(bytes: result, applied: applied)
    }
}
#endif
