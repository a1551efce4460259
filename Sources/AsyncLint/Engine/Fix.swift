#if Lint
/// A change of a file that removes a finding.
public struct Fix: Sendable, Hashable, Codable {
    /// Whether a fix may be applied without a person who looks at it.
    public enum Safety: String, Sendable, Codable {
        /// Compiles, removes the finding, and changes nothing that the program does as long as nobody cancels its tasks: `--fix`
        /// applies it.
        case safe
        /// Needs a decision; it is shown, and applied only when asked for (`--unsafe`).
        case suggestion
    }

    /// A replacement of the bytes `start..<end` by `text`.
    public struct Edit: Sendable, Hashable, Codable {
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
