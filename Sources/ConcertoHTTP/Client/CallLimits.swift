#if HTTP
/// Limits of attempts that count more than attempts: tokens of a model, points of a query, calls of one key.
///
/// Each attempt, retries and second attempts included, takes what its call counts as before it is sent, and is settled when
/// it has ended.
public protocol CallLimits: Sendable {
    /// Whether others than those who wait can go on meanwhile: each account has limits of its own.
    var isByAccount: Bool { get }

    /// Takes what `call` counts as, if that needs no wait.
    func tryTake(_ call: HTTPCall) -> Bool

    /// Waits for what `call` counts as, and takes it.
    ///
    /// - Cancellation: ends the wait; nothing is taken.
    func take(_ call: HTTPCall) async throws

    /// The attempt was not sent: gives back what was taken.
    func giveBack(_ call: HTTPCall)

    /// The attempt has ended: corrects what was taken by what it has turned out to be.
    func settle(_ call: HTTPCall, _ result: AttemptResult)
}
#endif
