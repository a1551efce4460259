/// A wait that was given a limit and reached it.
public struct TimeoutError: Error, Hashable, CustomStringConvertible {
    /// The limit.
    public let limit: Duration
    /// What the limit is called, if it has a name: of two timeouts around each other it says which.
    public let name: String?
    /// What was being done, if that was said.
    public let operation: String?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - limit: How long the wait was allowed to take.
    ///   - name: What the limit is called.
    ///   - operation: What was being done.
    public init(limit: Duration, name: String? = nil, operation: String? = nil) {
        self.limit = limit
        self.name = name
        self.operation = operation
    }

    /// What happened.
    public var description: String {
        let what = operation.map { "\"\($0)\"" } ?? "the wait"
        let whose = name.map { " (timeout \"\($0)\")" } ?? ""
        return "\(what) was not over after \(limit)\(whose)"
    }
}
