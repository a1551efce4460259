/// Something that a strategy did.
public struct ResilienceEvent: Sendable {
    /// What happened. The raw value is the metric tag `event.name`.
    public enum Name: String, Sendable, Hashable, CaseIterable {
        /// A pipeline has ended one execution.
        case pipelineExecuted = "pipeline.executed"
        /// A retry has made one attempt, however it ended.
        case attemptExecuted = "attempt.executed"
        /// A retry has been decided on and its delay begins.
        case retryAttempt = "retry.attempt"
        /// A retry was wanted, but no more are allowed.
        case retryExhausted = "retry.exhausted"
        /// A retry was wanted, but the budget is empty.
        case retryBudgetExhausted = "retry.budget_exhausted"
        /// A retry waits until the budget allows it.
        case retryBudgetWaiting = "retry.budget_waiting"
        /// A timeout has cancelled its body.
        case timeout = "timeout.expired"
        /// A breaker has opened.
        case circuitOpened = "circuit.opened"
        /// A breaker lets probes through.
        case circuitHalfOpened = "circuit.half_opened"
        /// A breaker has closed.
        case circuitClosed = "circuit.closed"
        /// A breaker was opened by hand.
        case circuitIsolated = "circuit.isolated"
        /// A breaker has turned a call away.
        case circuitRejected = "circuit.rejected"
        /// A rate limiter has turned a call away.
        case rateLimiterRejected = "rate_limiter.rejected"
        /// A rate limiter has made a call wait.
        case rateLimiterWaited = "rate_limiter.waited"
        /// A concurrency limiter has turned a call away.
        case concurrencyLimiterRejected = "concurrency_limiter.rejected"
        /// A client throttle has turned a call away.
        case clientThrottled = "client_throttle.rejected"
        /// A fallback has replaced a failure.
        case fallback = "fallback.used"
        /// An adaptive limiter has another limit.
        case adaptiveLimiterChanged = "adaptive_limiter.changed"
        /// An adaptive limiter has turned a call away.
        case adaptiveLimiterRejected = "adaptive_limiter.rejected"
        /// Chaos has made a call wait.
        case chaosLatency = "chaos.latency"
        /// Chaos has thrown in place of a call.
        case chaosFault = "chaos.fault"
        /// Chaos has put a result in place of a call's.
        case chaosOutcome = "chaos.outcome"
        /// Chaos has run its own code before a call.
        case chaosBehavior = "chaos.behavior"
        /// A registry has made a pipeline anew from changed options.
        case reloaded = "registry.reloaded"
        /// A registry could not make a pipeline from changed options; the old one stays.
        case reloadFailed = "registry.reload_failed"
        /// A hedging begins a further attempt.
        case hedgingAttempt = "hedging.attempt"
        /// A further attempt was wanted, but the budget is empty.
        case hedgingBudgetExhausted = "hedging.budget_exhausted"
        /// Another attempt than the first has won.
        case hedgingWon = "hedging.won"
    }

    /// How bad it is.
    public enum Severity: Int, Sendable, Hashable, Comparable {
        /// For the curious.
        case debug
        /// As things should be.
        case information
        /// Something failed, and the strategy made up for it.
        case warning
        /// Something failed for good, or was turned away.
        case error

        /// Whether `left` is less bad than `right`.
        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// What happened.
    public let name: Name
    /// How bad it is.
    public let severity: Severity
    /// The name of the strategy or pipeline, if it has one.
    public let strategy: String?
    /// What was being done, if the caller has said.
    public let operation: String?
    /// The number of the attempt, from 1.
    public let attempt: Int
    // The rest of the context, in three words: events are copied from listener to listener.
    private let hasContext: Bool
    private let deadline: TimerInstant
    private let extras: ContextExtras?

    /// What the strategy knew of the execution, without its result; `nil` for what belongs to none, such as a circuit that
    /// closes by hand. Listeners also find it in ``ResilienceContext/current``.
    public var context: ResilienceContext? {
        hasContext ? ResilienceContext(operation, attempt, deadline, extras) : nil
    }

    /// Whether listeners learn anything from it.
    var isWorthBinding: Bool {
        hasContext
            && (deadline != .distantFuture || attempt != 1 || operation != nil || extras?.isWorthBinding ?? false)
    }

    /// How long what ended has taken.
    public let duration: Duration?
    /// How long the strategy will wait now.
    public let delay: Duration?
    /// The error that it is about.
    public let error: (any Error)?
    /// Of ``Name/attemptExecuted``: whether the strategy takes the outcome for a failure that is worth another attempt,
    /// whether or not there is one left. `nil` for all else.
    public let isHandled: Bool?
    /// Of ``Name/adaptiveLimiterChanged``: the new limit. `nil` for all else.
    public let limit: Int?

    /// Creates an event; for own strategies.
    public init(
        _ name: Name, _ severity: Severity, strategy: String? = nil, context: ResilienceContext? = nil,
        duration: Duration? = nil, delay: Duration? = nil, error: (any Error)? = nil,
        isHandled: Bool? = nil, limit: Int? = nil
    ) {
        self.limit = limit
        self.name = name
        self.severity = severity
        self.strategy = strategy
        operation = context?.operation
        attempt = context?.attempt ?? 1
        hasContext = context != nil
        deadline = context?.limit ?? .distantFuture
        extras = context?.keptExtras
        self.duration = duration
        self.delay = delay
        self.error = error
        self.isHandled = isHandled
    }

    /// What the caller and strategies further out have said about the execution, such as a tenant's name.
    public var properties: ResilienceProperties { extras?.properties ?? ResilienceProperties() }
}
