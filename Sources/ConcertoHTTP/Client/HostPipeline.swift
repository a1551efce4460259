#if HTTP
import Concerto
import ConcertoResilience

/// What is shared by all calls to one host.
struct HostPipeline: Sendable {
    let gate: HostGate
    let breaker: CircuitBreaker?
    /// Whether an open circuit delays calls instead of ending them.
    let waitsForCircuit: Bool
    private let needsAnswer: Bool
    let record = HostRecord()
    let retries: ResiliencePipeline
    /// What retries and hedges are taken out of.
    let budget: RetryBudget
    /// When a call is sent a second time; `nil` for never.
    let hedging: Hedging?

    init(host: String, options: ResilientHTTPClientOptions) throws(InvalidOptionsError) {
        gate = HostGate(maximum: options.maximumPerHost, adaptive: options.adaptive, clock: options.clock)
        waitsForCircuit = options.breaker?.whenOpen == .wait
        needsAnswer = options.breakerNeedsAnswer
        breaker = try Self.breaker(host: host, options: options)
        var retry = RetryOptions()
        retry.maxRetries = options.maxRetries
        retry.backoff = options.backoff
        retry.clock = options.clock
        retry.random = options.random
        budget = RetryBudget(clock: options.clock)
        hedging = try Self.hedging(host: host, options: options)
        retry.budget = budget
        retry.whenBudgetExhausted = .wait
        retry.shouldRetry = { $0 is UnsatisfyingReply || $0 is HTTPFailure }
        retry.name = host
        let strategy = try Retry(options: retry)
        retries = ResiliencePipeline(host) {
            if let total = options.totalTimeout { Timeout(total, clock: options.clock) }
            strategy
        }
    }

    /// The budget is no affair of the hedging's: a second attempt is taken out of it when it is sent, and not when it is time
    /// for it.
    private static func hedging(
        host: String, options: ResilientHTTPClientOptions
    ) throws(InvalidOptionsError) -> Hedging? {
        guard let delay = options.hedge else { return nil }
        var hedging = HedgingOptions()
        hedging.delay = delay
        hedging.budget = nil
        hedging.isFailure = { !(($0 as? UnsatisfyingAttempt)?.isFinal ?? true) }
        hedging.clock = options.clock
        hedging.name = host
        return try Hedging(options: hedging)
    }

    private static func breaker(
        host: String, options: ResilientHTTPClientOptions
    ) throws(InvalidOptionsError) -> CircuitBreaker? {
        guard var breaker = options.breaker else { return nil }
        breaker.name = host
        breaker.clock = options.clock
        breaker.random = options.random
        // Which attempts count, and how, the client says itself.
        breaker.failureResults = nil
        // A probe may have to wait at the gate, and then take as long as a call's own timeout allows. That ends it: a limit
        // before it would only have its result ignored. One that is not positive is left as it is, to be refused.
        if breaker.halfOpenTimeLimit > .zero {
            breaker.halfOpenTimeLimit = max(breaker.halfOpenTimeLimit, .seconds(86_400))
        }
        return try CircuitBreaker(options: breaker)
    }

    /// Notes how an attempt has ended, and says what the breaker is told of it.
    func counts(
        _ verdict: CircuitBreakerOptions.Verdict, _ cause: (any Error)?, at now: TimerInstant
    ) -> CircuitBreakerOptions.Verdict {
        if verdict == .success { record.noteAnswer(at: now) }
        if verdict == .failure {
            switch cause {
            case let reply as UnsatisfyingReply: record.note(.fails(status: reply.reply.status))
            case let failure as HTTPFailure: record.note(.silent(failure.kind))
            default: break
            }
        }
        return verdict == .failure && needsAnswer && !record.hasAnswered ? .ignored : verdict
    }

    /// Ends a call at once that would be turned away anyway, before it waits for anything else.
    func checkCircuit(_ context: ResilienceContext) throws {
        guard let breaker, !waitsForCircuit else { return }
        switch breaker.state {
        case .open, .isolated: throw breaker.rejection(context)
        case .closed, .halfOpen: break
        }
    }

    var statistics: HostGate.Statistics {
        var statistics = gate.statistics
        if let breaker, breaker.state != .closed {
            statistics.circuitOpenFor = breaker.retryAfter ?? .zero
            statistics.hold = record.trouble ?? statistics.hold
        }
        return statistics
    }

    /// Whether nothing is lost if the host is forgotten.
    var isIdle: Bool {
        let now = statistics
        return now.inFlight == 0 && now.waiting == 0 && now.pausedUntil == nil && now.circuitOpenFor == nil
    }
}
#endif
