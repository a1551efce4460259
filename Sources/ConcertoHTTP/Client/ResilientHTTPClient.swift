#if HTTP
import Concerto
import ConcertoResilience
import Foundation
import NIOHTTP1

/// Makes HTTP calls as the other side allows them: a retry with a budget per host, a gate per host that `Retry-After`
/// closes, a circuit breaker per host, a pace for all, a timeout per attempt.
///
/// A closed gate and an empty budget delay a call. An open circuit ends it, or delays it too
/// (``ResilientHTTPClientOptions/breaker``).
public final class ResilientHTTPClient: Sendable {
    /// Hosts that are remembered; beyond, those that nobody calls and that ask for nothing are forgotten.
    private static let rememberedHosts = 10_000

    private let transport: any HTTPTransport
    let options: ResilientHTTPClientOptions
    private let hosts = Guarded<[String: HostPipeline]>([:])
    private let timeouts = Guarded<[Duration: Timeout]>([:])

    /// Creates a client.
    ///
    /// - Throws: An error that names every option that can't work.
    public init(
        transport: any HTTPTransport, options: ResilientHTTPClientOptions = .init()
    ) throws(InvalidOptionsError) {
        try options.validate()
        self.transport = transport
        self.options = options
    }

    /// What the gate and the circuit of every known host do.
    public var hostStatistics: [String: HostGate.Statistics] {
        hosts.withLock { $0 }.mapValues(\.statistics)
    }

    /// The circuit breaker of a host (`host:port`) that has been called: to watch it, or to open and close it by hand.
    public func breaker(of host: String) -> CircuitBreaker? {
        hosts.withLock { $0[host] }?.breaker
    }

    /// Makes `call`, or one hop of a call that is redirected, until it has an answer that is not to be repeated.
    func executeHop(_ call: HTTPCall, delegate: some HTTPCallDelegate) async throws -> HTTPReply {
        let host = try pipeline(for: call.host)
        let timeout = try timeout(call.timeout ?? options.timeout)
        var sequel = Sequel.end
        do {
            return try await host.retries.execute { context in
                try await self.attempt(context, call, host, timeout, delegate, &sequel)
            }
        } catch  where sequel != .end && Task.isCancelled {
            // A caller that gave up meanwhile hears that, not an outcome that would have been repeated.
            throw CancellationError()
        } catch let unsatisfying as UnsatisfyingReply {
            return unsatisfying.reply
        } catch let final as FinalFailure {
            throw final.failure
        } catch let error as TimeoutError {
            throw HTTPFailure(
                .timeout, mayHaveBeenSent: true,
                "no satisfying answer from \(call.host) within the total time: \(error)")
        } catch let open as CircuitOpenError {
            guard host.waitsForCircuit else { throw open }
            throw HTTPFailure(
                .timeout, mayHaveBeenSent: false,
                "\(call.host) does not answer, and will not be tried again within the total time")
        } catch is RateLimiterRejectedError {
            throw HTTPFailure(
                .timeout, mayHaveBeenSent: false, "the pace of the calls leaves no turn within the total time")
        }
    }

    private func attempt(
        _ context: ResilienceContext, _ call: HTTPCall, _ host: HostPipeline, _ timeout: Timeout,
        _ delegate: some HTTPCallDelegate, _ sequel: inout Sequel
    ) async throws -> HTTPReply {
        while true {
            do {
                return try await send(context, call, host, timeout, delegate, &sequel)
            } catch  where sequel == .sameAttempt {
                try Task.checkCancellation()
            }
        }
    }

    /// Sends the call once, when the host may be called.
    ///
    /// - Parameter sequel: What is to follow if this throws.
    private func send(
        _ context: ResilienceContext, _ call: HTTPCall, _ host: HostPipeline, _ timeout: Timeout,
        _ delegate: some HTTPCallDelegate, _ sequel: inout Sequel
    ) async throws -> HTTPReply {
        let number = context.attempt
        sequel = .end
        let admission = try await enter(host, context, delegate)
        let isProbe = host.waitsForCircuit && admission.map { host.breaker?.isOrdinary($0) == false } == true
        var outcome = HostGate.Outcome.abandoned
        var verdict = CircuitBreakerOptions.Verdict.ignored
        var cause: (any Error)?
        defer {
            host.gate.leave(outcome)
            if let admission { host.breaker?.leave(admission, host.counts(verdict, cause), cause) }
        }
        try await delegate.willSend(attempt: number)
        let result = await send(call, timeout)
        delegate.didSend(result)
        let error: any Error
        var isAway = false
        switch result {
        case .cancelled:
            throw CancellationError()
        case .failed(let failure, let mayRepeat):
            outcome = .answered
            verdict = failure.kind == .invalid ? .ignored : .failure
            cause = failure
            isAway = !failure.mayHaveBeenSent
            guard mayRepeat else { throw FinalFailure(failure: failure) }
            error = failure
        case .answered(let reply, let mayRepeat):
            let pause = pause(reply)
            outcome =
                reply.status == 429 || pause != nil ? .refused(pause: pause, status: reply.status) : .answered
            let unsatisfying = UnsatisfyingReply(reply: reply, isGated: pause != nil || reply.status == 429)
            verdict = isFailure(reply.status, ofProbe: isProbe) ? .failure : .success
            if verdict == .failure { cause = unsatisfying }
            guard mayRepeat else { return reply }
            error = unsatisfying
        }
        if isProbe && isAway && verdict == .failure {
            sequel = .sameAttempt
        } else if number <= options.maxRetries {
            sequel = .nextAttempt
        }
        if sequel != .end { delegate.willWait() }
        throw error
    }

    /// Goes in, with a turn of the common pace and past the circuit breaker.
    ///
    /// Between the gate and the turn time may pass, in which the host may ask to be left alone: then all begins anew. The
    /// breaker is asked last, so that a call that has waited for its turn meets the circuit as it is then; who has to wait
    /// for it holds no place meanwhile, and begins anew too. Only a probe keeps what the breaker gave it.
    ///
    /// - Returns: What the breaker must be told about with ``CircuitBreaker/leave(_:_:_:)``; `nil` without a breaker.
    private func enter(
        _ host: HostPipeline, _ context: ResilienceContext, _ delegate: some HTTPCallDelegate
    ) async throws -> CircuitBreaker.Call? {
        var isRepeat = context.attempt > 1
        var probe: CircuitBreaker.Call?
        do {
            while true {
                if probe == nil { try host.checkCircuit(context) }
                try await enterGate(host.gate, isRepeat: isRepeat, context, delegate)
                isRepeat = true
                if host.gate.isPaused {
                    host.gate.leave(.abandoned)
                    continue
                }
                guard let breaker = host.breaker else { return nil }
                if let admission = probe ?? breaker.tryEnter() { return admission }
                host.gate.leave(.abandoned)
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

    /// Goes in through the gate and takes a turn of the common pace.
    private func enterGate(
        _ gate: HostGate, isRepeat: Bool, _ context: ResilienceContext, _ delegate: some HTTPCallDelegate
    ) async throws {
        if !gate.tryEnter() {
            delegate.willWait()
            try await wait(for: gate, isRepeat: isRepeat, context)
        }
        await delegate.didWait()
        do {
            try await options.limiter?.acquire()
        } catch {
            gate.leave(.abandoned)
            throw error
        }
    }

    /// Waits at the gate, at most until the deadline of an execution around the call. A total time ends the wait by itself.
    private func wait(for gate: HostGate, isRepeat: Bool, _ context: ResilienceContext) async throws {
        guard options.totalTimeout == nil, let remaining = context.remaining else {
            return try await gate.enter(isRepeat: isRepeat)
        }
        let limit = Timeout(max(.nanoseconds(1), remaining), kind: .native, clock: options.clock)
        try await limit.execute { try await gate.enter(isRepeat: isRepeat) }
    }

    private func send(_ call: HTTPCall, _ timeout: Timeout) async -> AttemptResult {
        do {
            let reply = try await timeout.execute { _ in try await self.transport.send(call) }
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

    /// Whether a host that answers so is in trouble. A probe that is answered finds the host at home, unless the answer is a
    /// gateway's or asks for patience: calls that are answered with 500 every time must not keep a circuit open for ever.
    private func isFailure(_ status: Int, ofProbe isProbe: Bool) -> Bool {
        isProbe ? (502...504).contains(status) : status >= 500
    }

    /// How long the host asks to be left alone, cut to the longest pause allowed.
    private func pause(_ reply: HTTPReply) -> Duration? {
        guard reply.status == 429 || reply.status == 503, let value = reply.headers.first(name: "retry-after"),
            let wished = RetryAfter.parse(value, now: Date())
        else { return nil }
        return min(wished, options.maxRetryAfter)
    }

    private func pipeline(for host: String) throws -> HostPipeline {
        if let known = hosts.withLock({ $0[host] }) { return known }
        forgetIdleHosts()
        let made = try HostPipeline(host: host, options: options)
        return hosts.withLock { hosts in
            let pipeline = hosts[host] ?? made
            hosts[host] = pipeline
            return pipeline
        }
    }

    /// Looks at the hosts outside the lock: a circuit that is looked at may change, and telemetry is told.
    private func forgetIdleHosts() {
        let known = hosts.withLock { $0.count < Self.rememberedHosts ? [:] : $0 }
        let idle = known.filter { $0.value.isIdle }.keys
        guard !idle.isEmpty else { return }
        hosts.withLock { hosts in
            for host in idle { hosts[host] = nil }
        }
    }

    /// One ``Timeout`` for each duration: its deadlines then come in the order of the calls.
    ///
    /// - Throws: ``HTTPFailure`` if there can be none, which only a call's own can cause.
    private func timeout(_ duration: Duration) throws(HTTPFailure) -> Timeout {
        if let known = timeouts.withLock({ $0[duration] }) { return known }
        let made: Timeout
        do throws(InvalidOptionsError) {
            made = try Timeout(validating: duration, clock: options.clock)
        } catch {
            throw HTTPFailure(.invalid, mayHaveBeenSent: false, "the call can't be sent: its timeout is \(duration)")
        }
        return timeouts.withLock { timeouts in
            if timeouts.count >= Self.rememberedHosts { timeouts = [:] }
            let timeout = timeouts[duration] ?? made
            timeouts[duration] = timeout
            return timeout
        }
    }
}

/// What follows when a call has failed.
private enum Sequel {
    /// Nothing: the caller gets the outcome.
    case end
    /// Another attempt, after a back-off.
    case nextAttempt
    /// The same attempt once more, when the circuit allows it. The call was a probe and could not even be sent: it found
    /// out for all who wait that the host is still away, and that costs it none of its own attempts. Else a long outage
    /// would fail calls. One that was sent costs an attempt: it may be the call that the host cannot cope with, and such
    /// calls must come to an end.
    case sameAttempt
}

/// A failure after which the call must not be repeated.
private struct FinalFailure: Error {
    var failure: HTTPFailure
}
#endif
