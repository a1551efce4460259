/// A retry that is about to wait.
public struct RetryEvent: Sendable {
    /// The number of the attempt that has failed, from 1.
    public let attempt: Int
    /// How long the retry waits now.
    public let delay: Duration
    /// Why the attempt failed, or `nil` if its result is to be retried.
    public let error: (any Error)?
    /// What is being done, if the caller has said.
    public let operation: String?
}
