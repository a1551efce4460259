/// A further attempt that is about to begin.
public struct HedgeEvent: Sendable {
    /// The number of the attempt that begins, from 2.
    public let attempt: Int
    /// Why the one before failed; `nil` if none has, but the delay is over.
    public let error: (any Error)?
    /// What is known of the execution: its deadline, its properties.
    public let context: ResilienceContext

    /// What is being done, if the caller has said.
    public var operation: String? { context.operation }
}
