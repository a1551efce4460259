#if Lint
/// What a rule says of itself: its identity, its page, and the examples its tests are made of.
public struct RulePage: Sendable {
    /// A piece of Swift. In a reported example every `↓` stands before a token at which a finding must start,
    /// and nowhere else may one; a clean example has none.
    public struct Example: Sendable {
        /// What the example shows; for a clean one, the false positive it records.
        public let name: String
        /// The marked source.
        public let code: String
        /// Values of the rule's options, where the example is about them.
        public let options: [String: String]
        /// Whether the code is the same mistake without the words `async` and `await`, as in `Task { sleep(1) }`.
        let survivesStripping: Bool

        init(_ name: String, _ code: String, options: [String: String] = [:], survivesStripping: Bool = false) {
            self.name = name
            self.code = code
            self.options = options
            self.survivesStripping = survivesStripping
        }
    }

    /// A knob of the rule in `.asynclint.yml`.
    public struct Option: Sendable {
        /// Its key.
        public let name: String
        /// The value without configuration.
        public let fallback: String
        /// What it does.
        public let meaning: String
    }

    /// The id: kebab case, with `/` before the id of a part that can be set on its own.
    public let id: String
    /// One line: what it finds.
    public let summary: String
    /// The severity where nothing is configured.
    public let severity: Severity
    /// Whether the rule runs only when it is switched on.
    public var optIn = false
    /// Whether the rule is off in tests where nothing is configured.
    public var quietInTests = false
    /// Whether the mistake needs the words `async` or `await`: then no example may be reported without them.
    public var needsAsync = true
    /// The compiler version that reports the same; the rule steps aside from there.
    public var compilerReportsSince: ToolchainVersion?
    /// What goes wrong, and how silently.
    public let why: String
    /// What to write instead.
    public let instead: String
    /// Where the rule is silent on purpose, or mistaken.
    public var limits = ""
    /// Knobs.
    public var options: [Option] = []
    /// Code that must be reported.
    public let reported: [Example]
    /// Code that must not.
    public let clean: [Example]

    /// The id of the rule this one is a part of, or its own.
    public var group: String { String(id.prefix { $0 != "/" }) }
    /// The name of its page's file, without extension.
    public var fileName: String { id.split(separator: "/").joined(separator: "-") }
}
#endif
