/// Repeats an operation that fails, after a delay, as long as a budget allows it.
///
/// ```swift
/// let retry = Retry(maxRetries: 4, backoff: .exponential(base: .milliseconds(100), cap: .seconds(5)))
/// let page = try await retry.execute { try await client.get("/page") }
/// ```
///
/// A failed attempt is repeated if the error (or result) is worth it, retries are left, the delay would end before the
/// total time and the context's deadline, and the ``RetryBudget`` has something left. Otherwise its error is thrown
/// (its result returned) at once: no time is spent on a delay that leads nowhere.
///
/// - Cancellation: ends a delay at once with `CancellationError`; an attempt that fails in a cancelled task is not
///   repeated, and its error is thrown.
/// - Ordering: attempts run one after the other, on the caller's executor.
/// - Allocates: nothing as long as the first attempt succeeds.
public struct Retry: ResilienceStrategy {
    @usableFromInline let policy: RetryPolicy

    /// Creates a retry from options that come from data.
    public init(options: RetryOptions) throws(InvalidOptionsError) {
        try options.validate()
        policy = RetryPolicy(options)
    }

    /// Stands where a closure without a label would go: `Retry { … }` does not compile, because nobody could tell whether
    /// it decides about a retry (`shouldRetry:`) or is told of one (`onRetry:`).
    public enum ClosureNeedsLabel: Sendable {}

    /// Creates a retry; traps if a value is invalid, naming all that are. See ``RetryOptions`` for each parameter.
    ///
    /// `shouldRetry` and `onRetry` are always written with their labels; what has none goes to a parameter that takes
    /// nothing, so that one is not mistaken for the other.
    public init(
        maxRetries: Int = 3, backoff: Backoff = .exponential(), maxTotalTime: Duration? = nil,
        maxRetryAfter: Duration = .seconds(60), budget: RetryBudget? = .own,
        whenBudgetExhausted: RetryOptions.BudgetExhaustion = .fail,
        retryResults: ResultPredicate? = nil, name: String? = nil, clock: any TimerClock = MonotonicClock(),
        random: RandomSource = .system, telemetry: ResilienceTelemetry = .shared,
        _: (@Sendable (ClosureNeedsLabel) -> ClosureNeedsLabel)? = nil,
        shouldRetry: (@Sendable (any Error) -> Bool)? = nil,
        onRetry: (@Sendable (RetryEvent) -> Void)? = nil
    ) {
        var options = RetryOptions()
        options.maxRetries = maxRetries
        options.backoff = backoff
        options.maxTotalTime = maxTotalTime
        options.maxRetryAfter = maxRetryAfter
        options.budget = budget
        options.whenBudgetExhausted = whenBudgetExhausted
        options.retryResults = retryResults
        options.name = name
        options.clock = clock
        options.random = random
        options.telemetry = telemetry
        options.onRetry = onRetry
        if let shouldRetry { options.shouldRetry = shouldRetry }
        self = trapOnInvalidOptions { () throws(InvalidOptionsError) in try Retry(options: options) }
    }

    /// The options that the retry was made with.
    public var options: RetryOptions { policy.options }

    /// Whether results can lead to a retry.
    @inlinable
    public var inspectsResults: Bool { policy.inspectsResults }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// What it measures with.
    public var _clock: (any TimerClock)? { policy.clock.base }

    /// Its delays obey the context's deadline, so it changes nothing about what stands further in.
    public mutating func prepare(_ site: inout StrategySite) {
        site.obeysDeadlines(of: policy.clock)
        if policy.options.whenBudgetExhausted == .wait, let budget = policy.budget {
            site.obeysDeadlines(of: budget.clock)
        }
        // User code that may take long runs between attempts.
        if policy.options.onDiscard != nil { site.enforcesDeadline = false }
    }

    /// Runs `body` until it succeeds or must not be repeated.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        var run = policy.begin(context)
        guard !policy.looksAtAttempts else { return try await policy.attempt(&run, context, body) }
        do {
            return try await body(context)
        } catch {
            guard try await policy.isRepeated(&run, context, error) else { throw error }
        }
        try await policy.attempt(&run, context, body)
    }
}
