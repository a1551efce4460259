#if HTTP
import Concerto
import ConcertoResilience

extension ResilientHTTPClient {
    /// Makes `call` until it has an answer that is not to be repeated, and follows redirects if it is to
    /// (``ResilientHTTPClientOptions/redirects``): each hop is a call of its own, with the gate, the circuit and the budget
    /// of its own host; the total time is that of all.
    ///
    /// - Cancellation: ends every wait and the attempt under way with `CancellationError`.
    /// - Where it runs: on the caller's executor, but for what AsyncHTTPClient does on its event loops.
    /// - Throws: ``HTTPFailure`` if the last attempt got no answer, the call can't be sent or a redirect can't be followed,
    ///   `CircuitOpenError` if the host's circuit is open and calls do not wait for it, `CancellationError`, and what the
    ///   delegate throws.
    /// - Returns: The last answer, whatever its status.
    public func execute(_ call: HTTPCall, delegate: some HTTPCallDelegate) async throws -> HTTPReply {
        guard let rule = options.redirects else { return try await executeHop(call, delegate: delegate) }
        let start = options.clock.now
        var redirects = Redirects(rule)
        let sent = HopCount()
        var reply = try await executeHop(call, delegate: HopDelegate(base: delegate, sent: sent, isFirst: true))
        var hop = call
        while let next = try redirects.next(after: reply, to: hop) {
            hop = next
            let delegate = HopDelegate(base: delegate, sent: sent, isFirst: false)
            do {
                reply = try await withTotalTime(since: start) { try await self.executeHop(next, delegate: delegate) }
            } catch let failure as HTTPFailure {
                throw failure.afterRedirect()
            } catch  where error is TimeoutError || error is NoTimeForHop {
                throw HTTPFailure(
                    .timeout, mayHaveBeenSent: true,
                    "no satisfying answer from \(next.host), after a redirect, within the total time")
            }
            reply.redirectedURL = next.url
        }
        return reply
    }

    /// Runs `body` with what is left of the total time.
    private func withTotalTime(
        since start: TimerInstant, _ body: @Sendable () async throws -> HTTPReply
    ) async throws -> HTTPReply {
        guard let total = options.totalTimeout else { return try await body() }
        let left = total - start.duration(to: options.clock.now)
        guard left > .zero else { throw NoTimeForHop() }
        return try await Timeout(left, clock: options.clock).execute { _ in try await body() }
    }
}

extension HTTPFailure {
    /// The same failure of a call that was redirected before: its first request was answered, so it was sent.
    fileprivate func afterRedirect() -> HTTPFailure {
        var failure = self
        failure.mayHaveBeenSent = true
        failure.description = "after a redirect: " + description
        return failure
    }
}

/// The total time was over when a redirect came.
private struct NoTimeForHop: Error {}

/// Tells a call's delegate of the attempts of all its hops as those of one call.
private struct HopDelegate<Base: HTTPCallDelegate>: HTTPCallDelegate {
    let base: Base
    let sent: HopCount
    let isFirst: Bool

    func willWait() { base.willWait() }

    func didWait() async { await base.didWait() }

    func willSend(attempt number: Int) async throws {
        try await base.willSend(attempt: sent.next())
    }

    func didSend(_ result: AttemptResult) { base.didSend(isFirst ? result : result.final) }

    func willHedge() -> Bool {
        guard base.willHedge() else { return false }
        _ = sent.next()
        return true
    }

    func didHedge() { base.didHedge() }
}

/// The attempts of all hops so far.
private final class HopCount: Sendable {
    private let count = Guarded(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

extension AttemptResult {
    /// The same, of a call that can't be begun anew: an earlier request of it was answered.
    fileprivate var final: AttemptResult {
        switch self {
        case .answered(let reply, _): .answered(reply, mayRepeat: false)
        case .failed(let failure, _): .failed(failure, mayRepeat: false)
        case .cancelled: .cancelled
        }
    }
}
#endif
