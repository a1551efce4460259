#if HTTP
import Concerto
import ConcertoResilience

/// What an attempt goes by besides its call.
struct CallSite {
    var context: ResilienceContext
    var host: HostPipeline
    var timeout: Timeout

    init(_ context: ResilienceContext, _ host: HostPipeline, _ timeout: Timeout) {
        self.context = context
        self.host = host
        self.timeout = timeout
    }
}

extension ResilientHTTPClient {
    /// How long a host must have given nothing but refusals before its 503 means that it is away.
    private static let patience = Duration.seconds(1)
    /// Attempts of one call that this machine may be too short of something to make.
    private static let mostShortages = 100

    /// Makes attempts until one ends the call, or one is to be repeated within the retry budget.
    func attempt(
        _ call: HTTPCall, _ site: CallSite, _ delegate: some HTTPCallDelegate, _ progress: inout CallProgress
    ) async throws -> HTTPReply {
        while true {
            progress.goesOn = false
            if let failure = site.host.record.foregone(at: options.clock.now) { throw FinalFailure(failure: failure) }
            switch try await sendOnce(call, site, delegate, &progress) {
            case .answer(let reply):
                return reply
            case .failure(let failure):
                if !failure.mayHaveBeenSent, failure.kind != .invalid, failure.kind != .local {
                    site.host.record.noteGivenUp(failure, at: options.clock.now)
                }
                throw FinalFailure(failure: failure)
            case .retry(let error):
                progress.goesOn = true
                delegate.willWait()
                throw error
            case .again(let delay):
                progress.goesOn = true
                delegate.willWait()
                try Task.checkCancellation()
                guard delay > .zero else { continue }
                if let remaining = site.context.remaining, delay >= remaining { throw NoTimeLeft() }
                try await Task.delay(for: delay, clock: options.clock)
            }
        }
    }

    /// Sends the call once, when the host may be called.
    ///
    /// - Throws: ``NoTimeLeft`` and what else keeps the call from being sent.
    private func sendOnce(
        _ call: HTTPCall, _ site: CallSite, _ delegate: some HTTPCallDelegate, _ progress: inout CallProgress
    ) async throws -> CallSequel {
        let host = site.host
        var entry = try await enter(call, site, isRepeat: progress.sent > 0, delegate)
        let isProbe = host.waitsForCircuit && entry.admission.map { host.breaker?.isOrdinary($0) == false } == true
        do {
            entry.place = try await takePlace(site.context, delegate)
            try await delegate.willSend(attempt: progress.sent + 1)
        } catch {
            options.limits?.giveBack(call)
            leave(host, entry, .abandoned, .ignored, nil)
            throw error
        }
        progress.sent += 1
        progress.isSending = true
        entry.sent = options.clock.now
        switch await send(call, site, entry, isProbe: isProbe, delegate, &progress) {
        case .cancelled:
            throw CancellationError()
        case .failed(let failure, let mayRepeat):
            progress.isSending = false
            if failure.mayHaveBeenSent { progress.mayHaveBeenSent = true }
            if failure.kind == .local { return shortage(failure, &progress) }
            guard mayRepeat else { return .failure(failure) }
            return sequel(failure, host, isProbe: isProbe, &progress)
        case .answered(let reply, let mayRepeat):
            progress.isSending = false
            guard mayRepeat, options.maxRetries > 0 else { return .answer(reply) }
            progress.reply = reply
            return sequel(reply, pause(reply), host, &progress)
        }
    }

    // MARK: What follows

    private func sequel(
        _ reply: HTTPReply, _ pause: Duration?, _ host: HostPipeline, _ progress: inout CallProgress
    ) -> CallSequel {
        if pause != nil, progress.refusals < options.maxRefusals {
            // The gate is closed for so long. That it was, and how often, is the host's affair and not the call's.
            progress.refusals += 1
            return .again(after: .zero)
        }
        progress.spent += 1
        guard progress.spent <= options.maxRetries else { return .answer(reply) }
        guard Self.isRefusal(reply.status) else { return .retry(UnsatisfyingReply(reply: reply)) }
        // A gate that is closed or has a pace sees to it that the call does not come too early; a delay on top of that would
        // let new rows overtake those that were turned away.
        return .again(after: pause != nil || host.gate.isPaced ? .zero : backoff(progress.spent, &progress))
    }

    private func sequel(
        _ failure: HTTPFailure, _ host: HostPipeline, isProbe: Bool, _ progress: inout CallProgress
    ) -> CallSequel {
        if !failure.mayHaveBeenSent, host.waitsForCircuit {
            // It found out for all who wait that the host is still away, and that costs it none of its own attempts. Else a
            // long outage would fail calls. One that was sent costs an attempt: it may be the call that the host cannot cope
            // with, and such calls must come to an end.
            if isProbe { return .again(after: .zero) }
            // The host was there, and its circuit will open if it stays away; however few calls are left to open it.
            if host.record.hasAnswered {
                progress.unsent += 1
                return .again(after: backoff(progress.unsent, &progress))
            }
        }
        progress.spent += 1
        guard progress.spent <= options.maxRetries, !host.record.isNowhere else { return .failure(failure) }
        // A host that was never there is not kept from coming back by retries.
        if !failure.mayHaveBeenSent, !host.record.hasAnswered {
            return .again(after: backoff(progress.spent, &progress))
        }
        return .retry(failure)
    }

    /// Nobody is to blame but this machine: the call waits until others have come to an end, and loses nothing by it.
    private func shortage(_ failure: HTTPFailure, _ progress: inout CallProgress) -> CallSequel {
        guard !failure.mayHaveBeenSent, progress.shortages < Self.mostShortages else { return .failure(failure) }
        progress.shortages += 1
        return .again(after: backoff(progress.shortages, &progress))
    }

    private func backoff(_ retry: Int, _ progress: inout CallProgress) -> Duration {
        let random = options.random
        return options.backoff.delay(beforeRetry: retry - 1, state: &progress.delays) { random.nextUnit() }
    }

    /// Statuses that speak of the host's limits.
    private static func isRefusal(_ status: Int) -> Bool { status == 429 || status == 503 }

    // MARK: What the host has to do with it

    /// Goes out with what an attempt has shown of its host.
    func settle(
        _ call: HTTPCall, _ result: AttemptResult, _ entry: Entry, _ host: HostPipeline, isProbe: Bool = false
    ) {
        options.limits?.settle(call, result)
        switch result {
        case .cancelled:
            leave(host, entry, .abandoned, .ignored, nil)
        case .failed(let failure, _) where failure.kind == .local:
            leave(host, entry, .abandoned, .ignored, nil)
            capacity.lowerMaximum()
        case .failed(let failure, _):
            leave(host, entry, failure.kind == .invalid ? .abandoned : .failed, verdict(failure, host), failure)
        case .answered(let reply, _):
            leave(host, entry, reply, pause(reply), isProbe: isProbe)
        }
    }

    private func leave(
        _ host: HostPipeline, _ entry: Entry, _ reply: HTTPReply, _ pause: Duration?, isProbe: Bool
    ) {
        let outcome: HostGate.Outcome =
            switch reply.status {
            case 429, 503: .refused(pause: pause, status: reply.status)
            case 502, 504: .failed
            default: .answered
            }
        // The window is there before the circuit lets in those who wait for it; the probe was the first call in it.
        if isProbe, Self.isAtHome(reply.status) { host.gate.startSlowly() }
        if let place = entry.place { capacity.leave(place, .answered) }
        host.gate.leave(entry.pass, outcome, after: entry.sent?.duration(to: options.clock.now))
        // What the answer says of the next ones: that there must be none for a while.
        if options.readsRateHeaders, !Self.isRefusal(reply.status), let rest = RateHeaders.rest(of: reply) {
            host.gate.pause(for: min(rest, options.maxRetryAfter))
        }
        let verdict = verdict(reply.status, host, isAsked: pause != nil, isProbe: isProbe)
        tell(host, entry, verdict, verdict == .failure ? UnsatisfyingReply(reply: reply) : nil)
    }

    func leave(
        _ host: HostPipeline, _ entry: Entry, _ outcome: HostGate.Outcome, _ verdict: CircuitBreakerOptions.Verdict,
        _ cause: (any Error)?
    ) {
        if let place = entry.place { capacity.leave(place, .abandoned) }
        host.gate.leave(entry.pass, outcome)
        tell(host, entry, verdict, cause)
    }

    private func tell(
        _ host: HostPipeline, _ entry: Entry, _ verdict: CircuitBreakerOptions.Verdict, _ cause: (any Error)?
    ) {
        let counted = host.counts(verdict, cause, at: options.clock.now)
        if let admission = entry.admission { host.breaker?.leave(admission, counted, cause) }
    }

    /// A probe that is answered finds the host at home, unless the answer is a gateway's or asks for patience: calls that are
    /// answered with 500 every time must not keep a circuit open for ever.
    private static func isAtHome(_ status: Int) -> Bool { !(502...504).contains(status) }

    /// Whether a host that answers so is in trouble.
    private func verdict(
        _ status: Int, _ host: HostPipeline, isAsked: Bool, isProbe: Bool
    ) -> CircuitBreakerOptions.Verdict {
        if isProbe { return Self.isAtHome(status) ? .success : .failure }
        if status == 503 { return !isAsked && host.gate.refusesOnly >= Self.patience ? .failure : .ignored }
        return status >= 500 ? .failure : .success
    }

    private func verdict(_ failure: HTTPFailure, _ host: HostPipeline) -> CircuitBreakerOptions.Verdict {
        switch failure.kind {
        // The host is not in trouble that is called in a way that cannot work.
        case _ where failure.isLasting: .ignored
        // A server that hangs up after an answer, on a connection that was to be used again.
        case .closed where host.record.hasAnswered(within: Self.patience, of: options.clock.now): .ignored
        default: .failure
        }
    }

    /// How long the host asks to be left alone, cut to the longest pause allowed.
    private func pause(_ reply: HTTPReply) -> Duration? {
        guard Self.isRefusal(reply.status),
            let wished = options.readsRateHeaders ? RateHeaders.wish(of: reply) : RetryAfter.wish(of: reply)
        else { return nil }
        let pause = min(wished, options.maxRetryAfter)
        return pause > .zero ? pause : nil
    }

    // MARK: Going in

    /// What a call has been given on its way to the host.
    struct Entry {
        var pass: HostGate.Pass
        /// What the breaker must be told about with ``CircuitBreaker/leave(_:_:_:)``; `nil` without a breaker.
        var admission: CircuitBreaker.Call?
        /// Its place among the calls that this machine can carry.
        var place: HostGate.Pass?
        /// When the call went out.
        var sent: TimerInstant?
    }

    /// Goes in, with a turn of the common pace and past the circuit breaker.
    ///
    /// Between the gate and the turn time may pass, in which the host may ask to be left alone: then all begins anew. The
    /// breaker is asked last, so that a call that has waited for its turn meets the circuit as it is then; who has to wait
    /// for it holds no place meanwhile, and begins anew too. Only a probe keeps what the breaker gave it.
    private func enter(
        _ call: HTTPCall, _ site: CallSite, isRepeat: Bool, _ delegate: some HTTPCallDelegate
    ) async throws -> Entry {
        let (host, context) = (site.host, site.context)
        var isRepeat = isRepeat
        var probe: CircuitBreaker.Call?
        do {
            while true {
                if probe == nil { try host.checkCircuit(context) }
                let pass = try await enterGate(host.gate, call, isRepeat: isRepeat, context, delegate)
                isRepeat = true
                if host.gate.isPaused {
                    options.limits?.giveBack(call)
                    host.gate.leave(pass, .abandoned)
                    continue
                }
                guard let breaker = host.breaker else { return Entry(pass: pass) }
                if let admission = probe ?? breaker.tryEnter() { return Entry(pass: pass, admission: admission) }
                options.limits?.giveBack(call)
                host.gate.leave(pass, .abandoned)
                guard host.waitsForCircuit else { throw breaker.rejection(context) }
                delegate.willWait()
                let admission = try await breaker.enter(context)
                if breaker.isOrdinary(admission) { continue }
                probe = admission
            }
        } catch {
            if let probe { host.breaker?.leave(probe, .ignored, nil) }
            throw error
        }
    }

    /// Goes in through the gate and takes a turn of the common pace. A gate that stays closed beyond the call's time is not
    /// waited for.
    func enterGate(
        _ gate: HostGate, _ call: HTTPCall, isRepeat: Bool, _ context: ResilienceContext,
        _ delegate: some HTTPCallDelegate
    ) async throws -> HostGate.Pass {
        var admitted = gate.tryEnter(isRepeat: isRepeat)
        if admitted == nil {
            delegate.willWait()
            admitted = try await gate.enter(isRepeat: isRepeat, before: deadline(context))
        }
        guard let pass = admitted else { throw NoTimeLeft() }
        await delegate.didWait()
        do {
            try await options.limiter?.acquire()
            if let limits = options.limits, !limits.tryTake(call) {
                // Who waits for a limit of its own account holds nothing that others need.
                if limits.isByAccount { delegate.willWait() }
                try await limits.take(call)
                await delegate.didWait()
            }
        } catch {
            gate.leave(pass, .abandoned)
            throw error
        }
        return pass
    }

    private func takePlace(
        _ context: ResilienceContext, _ delegate: some HTTPCallDelegate
    ) async throws -> HostGate.Pass {
        if let place = capacity.tryEnter() { return place }
        delegate.willWait()
        guard let place = try await capacity.enter(isRepeat: false, before: deadline(context)) else {
            throw NoTimeLeft()
        }
        await delegate.didWait()
        return place
    }

    private func deadline(_ context: ResilienceContext) -> TimerInstant {
        context.remaining.map { options.clock.now.advanced(by: $0) } ?? .distantFuture
    }

    // MARK: Sending

    /// The call with what is left of its time, rounded down.
    private func telling(_ remaining: Duration?, _ call: HTTPCall) -> HTTPCall {
        guard let name = options.deadlineHeader, let remaining, !call.hasHeader(name.lowercased()) else { return call }
        var call = call
        call.headers.append((name, String(Int64(remaining / .milliseconds(1)))))
        return call
    }

    func send(_ call: HTTPCall, _ timeout: Timeout) async -> AttemptResult {
        do {
            let reply = try await timeout.execute { context in
                try await self.transport.send(self.telling(context.remaining, call))
            }
            return .answered(reply, mayRepeat: options.rule.allowsRepeat(of: call, after: reply.status))
        } catch is TimeoutError {
            let failure = HTTPFailure(.timeout, mayHaveBeenSent: true, "\(call.host) did not answer in time")
            return .failed(failure, mayRepeat: options.rule.allowsRepeat(of: call, after: failure))
        } catch let failure as HTTPFailure {
            return .failed(failure, mayRepeat: options.rule.allowsRepeat(of: call, after: failure))
        } catch {
            return .cancelled
        }
    }
}
#endif
