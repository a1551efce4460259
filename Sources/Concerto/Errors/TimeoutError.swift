/// A wait that was given a limit and reached it.
public struct TimeoutError: Error, Hashable, CustomStringConvertible {
    /// The limit.
    public let limit: Duration

    /// Creates an error.
    ///
    /// - Parameter limit: How long the wait was allowed to take.
    public init(limit: Duration) {
        self.limit = limit
    }

    /// What happened.
    public var description: String { "the wait was not over after \(limit)" }
}
