/// An operation on something that has been closed or disposed of.
public struct ClosedError: Error, Hashable, CustomStringConvertible {
    /// What was closed, such as `AsyncSemaphore`.
    public let subject: String

    /// Creates an error that names what was closed.
    public init(_ subject: String) {
        self.subject = subject
    }

    /// What happened and what to do.
    public var description: String {
        "the \(subject) has been closed: nobody can wait for it or use it any more; create a new one"
    }
}
