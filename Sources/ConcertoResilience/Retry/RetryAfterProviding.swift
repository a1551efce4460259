/// An error that knows when, or whether, a retry makes sense: an answer with `Retry-After`, an open breaker.
public protocol RetryAfterProviding: Error {
    /// What the other side has said.
    var retryAdvice: RetryAdvice { get }
}

/// What an error says about retrying it.
public enum RetryAdvice: Sendable, Hashable {
    /// Nothing: the back-off decides.
    case unspecified
    /// Not before this has passed. A retry waits for this or for its back-off, whichever is longer; jitter never
    /// shortens it.
    case after(Duration)
    /// Not at all.
    case never
}
