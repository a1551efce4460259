#if HTTP
import ConcertoResilience

/// What one call has behind it.
struct CallProgress {
    /// Attempts that have begun.
    var sent = 0
    /// Attempts that count against the call's retries.
    var spent = 0
    /// Answers that said when to come back.
    var refusals = 0
    /// Attempts that could not be sent, to a host that has answered before.
    var unsent = 0
    /// Attempts that this machine could not make.
    var shortages = 0
    /// What earlier delays of the call's own left.
    var delays = Backoff.State()
    /// Whether an attempt is under way.
    var isSending = false
    /// Whether the server may have seen an earlier attempt that got no answer.
    var mayHaveBeenSent = false
    /// The latest answer, which the call was to be repeated after.
    var reply: HTTPReply?
    /// Whether the latest outcome is to be followed by another attempt.
    var goesOn = false
}

/// What follows when an attempt has ended.
enum CallSequel {
    /// The caller gets an answer.
    case answer(HTTPReply)
    /// The caller gets a failure.
    case failure(HTTPFailure)
    /// Another attempt after a delay, past the retry budget: the host has turned the call away or could not even be asked,
    /// and its gate, its circuit or the delay keeps order.
    case again(after: Duration)
    /// Another attempt after the back-off, within the retry budget.
    case retry(any Error)
}

/// An answer after which the call may be repeated.
struct UnsatisfyingReply: Error, CustomStringConvertible {
    var reply: HTTPReply

    /// What people see as the reason why a circuit is open.
    var description: String { "the host answered with status \(reply.status)" }
}

/// A failure after which the call must not be repeated.
struct FinalFailure: Error {
    var failure: HTTPFailure
}

/// The next attempt would begin after the call's time is over.
struct NoTimeLeft: Error {}
#endif
