#if HTTP
import Concerto
import ConcertoResilience

/// An attempt that ended so that another one, if there is one, had better decide.
struct UnsatisfyingAttempt: Error {
    var result: AttemptResult
    /// Whether it ends the call all the same: no other is under way, and the retries are what follows.
    var isFinal: Bool
}

extension ResilientHTTPClient {
    /// Sends a call that has been let in; and once more, where that is wanted, if it is slow and may arrive twice.
    ///
    /// Each attempt goes out by its own entry as soon as it has ended, the one that has lost as one that was given up. So a
    /// `Retry-After` of either closes the gate at once.
    func send(
        _ call: HTTPCall, _ site: CallSite, _ entry: Entry, isProbe: Bool, _ delegate: some HTTPCallDelegate,
        _ progress: inout CallProgress
    ) async -> AttemptResult {
        // A probe is to find out whether the host answers: nobody goes past it.
        guard let hedging = site.host.hedging, !isProbe, options.rule.isRepeatable(call) else {
            let result = await send(call, site.timeout)
            delegate.didSend(result)
            settle(call, result, entry, site.host, isProbe: isProbe)
            return result
        }
        let race = HedgedCall()
        var result: AttemptResult
        do {
            result = try await hedging.execute { context in
                guard context.attempt == 1 else {
                    return try race.second(await self.sendSecond(call, site, delegate, race))
                }
                let result = await self.send(call, site.timeout)
                self.settle(call, result, entry, site.host)
                return try race.first(result)
            }
        } catch let unsatisfying as UnsatisfyingAttempt {
            result = unsatisfying.result
        } catch {
            // Nothing else is thrown by the attempts: the caller gave up before the first began.
            settle(call, .cancelled, entry, site.host)
            result = .cancelled
        }
        if race.wasHedged { progress.sent += 1 }
        if case .failed(var failure, let mayRepeat) = result, race.mayHaveBeenSent {
            failure.mayHaveBeenSent = true
            result = .failed(failure, mayRepeat: mayRepeat)
        }
        delegate.didSend(result)
        return result
    }

    /// - Returns: `nil` if it was not sent: the host, the pace, the circuit, the budget or the delegate would not have it.
    private func sendSecond(
        _ call: HTTPCall, _ site: CallSite, _ delegate: some HTTPCallDelegate, _ race: HedgedCall
    ) async -> AttemptResult? {
        guard var entry = await enterSecond(call, site) else { return nil }
        guard site.host.budget.tryWithdraw(), delegate.willHedge() else {
            options.limits?.giveBack(call)
            leave(site.host, entry, .abandoned, .ignored, nil)
            return nil
        }
        entry.sent = options.clock.now
        race.noteSecond()
        let result = await send(call, site.timeout)
        settle(call, result, entry, site.host)
        delegate.didHedge()
        return result
    }

    /// Goes in as any attempt does, as a repeated one, but for what is not worth waiting for: a place on this machine, and a
    /// circuit that is not closed.
    private func enterSecond(_ call: HTTPCall, _ site: CallSite) async -> Entry? {
        let host = site.host
        while true {
            guard
                let pass = try? await enterGate(host.gate, call, isRepeat: true, site.context, Unobserved())
            else { return nil }
            var entry = Entry(pass: pass)
            guard !host.gate.isPaused else {
                options.limits?.giveBack(call)
                host.gate.leave(pass, .abandoned)
                continue
            }
            if let breaker = host.breaker { entry.admission = breaker.tryEnter() }
            let isOrdinary = entry.admission.map { host.breaker?.isOrdinary($0) == true } ?? (host.breaker == nil)
            entry.place = isOrdinary ? capacity.tryEnter() : nil
            guard isOrdinary, entry.place != nil, !Task.isCancelled else {
                options.limits?.giveBack(call)
                leave(host, entry, .abandoned, .ignored, nil)
                return nil
            }
            return entry
        }
    }
}

/// The two attempts of one hedged call, as far as they must know of each other.
private final class HedgedCall: Sendable {
    private struct State {
        var wasHedged = false
        var mayHaveBeenSent = false
    }

    private let state = Guarded(State())

    /// Whether a second attempt was sent.
    var wasHedged: Bool { state.withLock { $0.wasHedged } }

    /// Whether the server may have seen one that got no answer.
    var mayHaveBeenSent: Bool { state.withLock { $0.mayHaveBeenSent } }

    func noteSecond() { state.withLock { $0.wasHedged = true } }

    /// The first attempt decides, unless it fails while the second is under way.
    func first(_ result: AttemptResult) throws(UnsatisfyingAttempt) -> AttemptResult {
        let wasHedged = note(result)
        guard result.isSatisfying else { throw UnsatisfyingAttempt(result: result, isFinal: !wasHedged) }
        return result
    }

    /// The second decides only if it does better.
    func second(_ result: AttemptResult?) throws(UnsatisfyingAttempt) -> AttemptResult {
        guard let result else { throw UnsatisfyingAttempt(result: .cancelled, isFinal: false) }
        _ = note(result)
        guard result.isSatisfying else { throw UnsatisfyingAttempt(result: result, isFinal: false) }
        return result
    }

    /// - Returns: Whether a second attempt was sent.
    private func note(_ result: AttemptResult) -> Bool {
        state.withLock { state in
            if case .failed(let failure, _) = result, failure.mayHaveBeenSent { state.mayHaveBeenSent = true }
            return state.wasHedged
        }
    }
}

extension AttemptResult {
    /// Whether nobody would repeat the call after it. A cancelled attempt is: its caller has given up, or it has lost.
    fileprivate var isSatisfying: Bool {
        switch self {
        case .answered(_, let mayRepeat), .failed(_, let mayRepeat): !mayRepeat
        case .cancelled: true
        }
    }
}
#endif
