#if Lint
/// A change of a file that removes a finding.
public struct Fix: Sendable, Hashable {
    /// Whether a fix may be applied without a person who looks at it.
    public enum Safety: String, Sendable {
        /// Compiles, keeps what the code is for, and removes the finding: `--fix` applies it.
        case safe
        /// Needs a decision; it is shown and never applied in bulk.
        case suggestion
    }

    /// A replacement of the bytes `start..<end` by `text`.
    public struct Edit: Sendable, Hashable {
        /// UTF-8 offset of the first byte that goes.
        public let start: Int
        /// UTF-8 offset behind the last byte that goes.
        public let end: Int
        /// What comes instead.
        public let text: String
    }

    /// What the change does, as an imperative sentence without a full stop.
    public let title: String
    /// Whether `--fix` applies it.
    public let safety: Safety
    /// Non-overlapping edits in ascending order.
    public let edits: [Edit]
}
#endif
