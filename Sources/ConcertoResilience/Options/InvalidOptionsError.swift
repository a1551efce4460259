/// Options that cannot work. Names every bad field at once.
public struct InvalidOptionsError: Error, Hashable, CustomStringConvertible {
    /// One field that is wrong.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The field's name, as written in Swift.
        public let field: String
        /// What it was set to.
        public let value: String
        /// What it must be.
        public let requirement: String

        /// Field, value and requirement in one line.
        public var description: String { "\(field) is \(value), but must be \(requirement)" }
    }

    /// What the options were for, such as `Retry`.
    public let subject: String
    /// Every field that is wrong, in the order of declaration; never empty.
    public let problems: [Problem]

    /// All problems, one a line.
    public var description: String {
        "Invalid options for \(subject):\n" + problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}
