#if Lint
/// One mistake at one place.
public struct Finding: Sendable, Codable {
    /// A further place that explains the finding.
    public struct Note: Sendable, Codable {
        /// Where.
        public let position: SourcePosition
        /// What is to see there.
        public let message: String
    }

    /// The rule's id, such as `async-let-discarded` or `blocking-call-in-async/file-io`.
    public let rule: String
    /// The severity after configuration.
    public var severity: Severity
    /// What is wrong and what to do, without a full stop at the end.
    public let message: String
    /// The file, relative to the root of the run.
    public let path: String
    /// The first character.
    public let start: SourcePosition
    /// Behind the last character.
    public let end: SourcePosition
    /// The whole line the finding starts on, without its newline.
    public let lineText: String
    /// Further places.
    public let notes: [Note]
    /// Changes that remove the finding.
    public let fixes: [Fix]
    /// The reason of the comment that silences the finding, if one does. Such findings count nowhere; SARIF lists them.
    public var suppression: String?
    /// Stable across moved lines: built from rule, path, the line's text and its count among equal lines.
    public var fingerprint: String = ""
}
#endif
