/// A body that has taken too long.
public struct TimeoutEvent: Sendable {
    /// The limit.
    public let limit: Duration
    /// The timeout's name.
    public let name: String?
    /// What the body threw in the end; `nil` if it was not begun.
    public let error: (any Error)?
    /// What is known of the execution.
    public let context: ResilienceContext
}
