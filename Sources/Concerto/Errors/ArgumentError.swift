/// An argument that cannot be used: which one, what it was, and what would have been accepted.
public struct ArgumentError: Error, Hashable, CustomStringConvertible {
    /// The name of the parameter.
    public let argument: String

    /// What was passed.
    public let value: String

    /// What is accepted.
    public let requirement: String

    /// Creates an error that reads "`argument` is `value`, but `requirement`".
    public init(_ argument: String, _ value: some Any, _ requirement: String) {
        self.argument = argument
        self.value = "\(value)"
        self.requirement = requirement
    }

    /// What was wrong and what would be right.
    public var description: String { "\(argument) is \(value), but \(requirement)" }
}
