/// Ends an operation that takes too long.
///
/// ```swift
/// ResiliencePipeline {
///     Timeout(.seconds(30))      // around the retry: all attempts and delays together
///     Retry(maxRetries: 4)
///     Timeout(.seconds(2))       // inside: each attempt
/// }
/// ```
///
/// When the time is up the body is cancelled and waited for, however long it takes to notice. Then
/// - a result that comes late is returned: the work is done, throwing it away helps nobody;
/// - an error that comes late is replaced by `TimeoutError`, whatever it is, because libraries report a cancellation
///   by errors of their own; telemetry shows the original.
///
/// - Cancellation: of the caller reaches the body and is never reported as a timeout. A timeout cancels the body
///   alone: the caller's task stays uncancelled, its next attempt and its delays work.
/// - Where it runs: the body starts at once, on the caller's executor and with the caller's actor isolation. Cancellation
///   handlers inside of it, when the time is up on the system's clock, run on a thread that is there for that: they may
///   block without holding up timers.
/// - Allocates: cooperative nothing; native a child task: two allocations on Concerto's pool, five elsewhere.
public struct Timeout: ResilienceStrategy {
    /// How the time limit is enforced.
    public enum Kind: Sendable, Hashable {
        /// Cooperative where a native timeout stands further in, with nothing but strategies that obey the context's
        /// deadline between; native otherwise. The default.
        case automatic
        /// Lowers the context's deadline and cancels nothing: delays, queues and timeouts further in obey it, as do
        /// clients that read ``ResilienceContext/current``. Then only a `CancellationError` or `TimeoutError` that
        /// comes after the deadline is reported as this timeout; other errors pass.
        case cooperative
        /// Runs the body as one child task and cancels that.
        case native
    }

    /// How long the operation may take.
    public let limit: Duration
    /// How the limit is enforced; a pipeline settles `automatic` when it is built.
    public private(set) var kind: Kind

    @usableFromInline let core: TimeoutCore
    @usableFromInline var isCooperative: Bool

    /// Creates a timeout; traps unless the limit is longer than zero and at most 100 years.
    ///
    /// - Parameters:
    ///   - limit: How long the operation may take.
    ///   - kind: How that is enforced.
    ///   - name: For telemetry.
    ///   - clock: Measures the limit.
    ///   - telemetry: Where expiries are reported.
    ///   - onTimeout: Called when a body's time was up and it has ended, before the error is thrown.
    public init(
        _ limit: Duration, kind: Kind = .automatic, name: String? = nil, clock: any TimerClock = MonotonicClock(),
        telemetry: ResilienceTelemetry = .shared, onTimeout: (@Sendable (TimeoutEvent) -> Void)? = nil
    ) {
        self = trapOnInvalidOptions { () throws(InvalidOptionsError) in
            try Timeout(
                validating: limit, kind: kind, name: name, clock: clock, telemetry: telemetry, onTimeout: onTimeout)
        }
    }

    /// Creates a timeout from a limit that comes from data.
    public init(
        validating limit: Duration, kind: Kind = .automatic, name: String? = nil,
        clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared,
        onTimeout: (@Sendable (TimeoutEvent) -> Void)? = nil
    ) throws(InvalidOptionsError) {
        var check = OptionsCheck("Timeout")
        check.requirePositive(limit, "limit")
        try check.finish()
        self.limit = limit
        self.kind = kind
        isCooperative = kind == .cooperative
        core = TimeoutCore(
            limit, name: name, clock: StrategyClock(clock), telemetry: telemetry, onTimeout: onTimeout)
    }

    /// Runs `body` under the limit.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        guard isCooperative else { return try await core.runNatively(context, body) }
        let now = context.now(on: core.clock)
        let deadline = core.deadline(from: now)
        var inner = context
        inner.keep(now, of: core.clock)
        inner.lowerDeadline(to: deadline, on: core.clock)
        do {
            try await body(inner)
        } catch {
            throw core.cooperativeError(error, deadline, context)
        }
    }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// What it measures with.
    public var _clock: (any TimerClock)? { core.clock.base }

    /// Settles the kind: cooperative if what stands further in ends by itself when the deadline passes.
    public mutating func prepare(_ site: inout StrategySite) {
        // On another clock this one replaces the deadline of that clock: nobody further in would know it.
        site.obeysDeadlines(of: core.clock)
        if kind == .automatic {
            kind = site.enforcesDeadline ? .cooperative : .native
            isCooperative = kind == .cooperative
        }
        if kind == .native {
            site.enforcesDeadline = true
            site.enforcer = core.clock
        }
    }
}
