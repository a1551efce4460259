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
    /// What the retry knows of the execution: its deadline, its properties, the attempt that has failed.
    public let context: ResilienceContext

    /// The result that is to be retried; `nil` if the attempt has thrown.
    ///
    /// It may be of a type that is not `Sendable`: use it while the callback runs, do not take it elsewhere.
    public var result: Any? { unsafeResult }

    // Written once, before the callback runs. Until that has returned the execution waits, and nobody else has the result.
    nonisolated(unsafe) private let unsafeResult: Any?

    init(_ context: ResilienceContext, delay: Duration, error: (any Error)?) {
        attempt = context.attempt
        self.delay = delay
        self.error = error
        operation = context.operation
        self.context = context.kept
        unsafeResult = error == nil ? context.result : nil
    }
}
