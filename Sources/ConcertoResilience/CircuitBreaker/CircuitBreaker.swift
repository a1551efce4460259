/// Stops calling a dependency that is in trouble, and finds out when it is well again.
///
/// ```
///            trip rule met                  break is over
///  closed ─────────────────▶ open ───────────────────────▶ half-open
///    ▲                        ▲  probes fail, or hang           │ │
///    │                        └─────────────────────────────────┘ │
///    └────────────────────────────────────────────────────────────┘
///                         probes succeed
/// ```
///
/// - Cancellation: a cancelled call says nothing about the dependency: it does not count, and a cancelled probe gives
///   its permit back.
/// - Where it runs: calls on the caller's executor. No timer: an open circuit becomes half-open when it is next looked
///   at; only waiting callers (``CircuitBreakerOptions/WhenOpen/wait``) have one, and changes that it brings are reported
///   from it.
/// - Ordering: changes of state are reported in their order. Results of calls that began before the last change are
///   ignored.
/// - Allocates: nothing while closed.
public final class CircuitBreaker: ResilienceStrategy {
    /// What the breaker was made with.
    public let options: CircuitBreakerOptions

    @usableFromInline let failureResults: ResultPredicate?
    let core: CircuitCore

    /// Creates a breaker from options that come from data.
    ///
    /// - Parameters:
    ///   - options: When it trips, and for how long.
    ///   - snapshot: Where to start from: what ``snapshot()`` gave.
    /// - Throws: `InvalidOptionsError`, which names every field that cannot work.
    public init(
        options: CircuitBreakerOptions, restoring snapshot: CircuitSnapshot? = nil
    ) throws(InvalidOptionsError) {
        try options.validate()
        try snapshot?.validate()
        self.options = options
        failureResults = options.failureResults
        core = CircuitCore(options)
        if let snapshot { core.change { machine, now in machine.restore(snapshot, at: now) } }
        joinControl()
    }

    /// Creates a breaker with other options that goes on where `other` stands: with its state, its counts (if the window
    /// is the same), and those who wait for it. What is put in force holds for `other` too, but for what each call is judged
    /// by.
    ///
    /// - Throws: `InvalidOptionsError`, which names every field that cannot work; the clock must be the same.
    public convenience init(
        options: CircuitBreakerOptions, continuing other: CircuitBreaker
    ) throws(InvalidOptionsError) {
        try self.init(options, of: other.core)
        core.update(to: options)
        joinControl()
    }

    /// A breaker whose options are still to be put in force.
    init(_ options: CircuitBreakerOptions, of core: CircuitCore) throws(InvalidOptionsError) {
        var check = options.check()
        check.require(
            core.clock.isSame(as: StrategyClock(options.clock)), "clock", "another",
            "the clock of the breaker that goes on")
        try check.finish()
        self.options = options
        failureResults = options.failureResults
        self.core = core
    }

    func joinControl() {
        guard let control = options.control, control.add(core) else { return }
        core.change { machine, _ in machine.isolate() }
    }

    /// A breaker that opens at a share of failures within a time; traps if a value is invalid. See
    /// ``CircuitBreakerOptions`` for each parameter.
    public convenience init(
        failureRatio: Double = 0.5, minimumThroughput: Int = 20, window: Duration = .seconds(10),
        breakFor: Duration = .seconds(5), whenOpen: CircuitBreakerOptions.WhenOpen = .reject, name: String? = nil,
        clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared,
        verdict: (@Sendable (any Error) -> CircuitBreakerOptions.Verdict)? = nil
    ) {
        self.init(
            trip: .failureRatio(failureRatio, minimumThroughput: minimumThroughput, window: .time(window)), breakFor,
            whenOpen, name, clock, telemetry, verdict)
    }

    /// A breaker that opens at so many failures in a row; traps if a value is invalid. See ``CircuitBreakerOptions``
    /// for each parameter.
    public convenience init(
        consecutiveFailures: Int, breakFor: Duration = .seconds(5),
        whenOpen: CircuitBreakerOptions.WhenOpen = .reject, name: String? = nil,
        clock: any TimerClock = MonotonicClock(), telemetry: ResilienceTelemetry = .shared,
        verdict: (@Sendable (any Error) -> CircuitBreakerOptions.Verdict)? = nil
    ) {
        self.init(
            trip: .consecutiveFailures(consecutiveFailures), breakFor, whenOpen, name, clock, telemetry, verdict)
    }

    private convenience init(
        trip: CircuitBreakerOptions.Trip, _ breakFor: Duration, _ whenOpen: CircuitBreakerOptions.WhenOpen,
        _ name: String?, _ clock: any TimerClock, _ telemetry: ResilienceTelemetry,
        _ verdict: (@Sendable (any Error) -> CircuitBreakerOptions.Verdict)?
    ) {
        var options = CircuitBreakerOptions()
        options.trip = trip
        options.breakDuration = .fixed(breakFor)
        options.whenOpen = whenOpen
        options.name = name
        options.clock = clock
        options.telemetry = telemetry
        if let verdict { options.verdict = verdict }
        do { try self.init(options: options) } catch { trapOnInvalidOptions(error) }
    }

    // MARK: Looking

    /// Where the breaker stands now.
    public var state: CircuitState {
        core.change { machine, now in
            machine.settle(at: now)
            return machine.state
        }
    }

    /// The calls in the window; while the circuit is half-open, the probes that have ended: a slow one counts as failed.
    public var counts: CallCounts { core.change { machine, now in machine.counts(at: now) } }

    /// How long until a call may pass: zero if it may now, `nil` if nobody can know.
    public var retryAfter: Duration? { core.queue.wait(1) }

    /// Who waits for the circuit to close.
    public var statistics: WaitStatistics { core.queue.statistics }

    /// The state now and each change from now on.
    ///
    /// The stream ends with the breaker.
    ///
    /// - Cancellation: a consumer that stops reading is removed.
    public var states: AsyncStream<CircuitState> {
        _ = state  // makes, and reports, the changes that time alone brings
        return core.reporter.states(core.queue)
    }

    /// What to save, to start from it again.
    public func snapshot() -> CircuitSnapshot { core.change { machine, now in machine.snapshot(at: now) } }

    // MARK: By hand

    /// Turns every call away until ``close()``.
    public func isolate() { core.change { machine, _ in machine.isolate() } }

    /// Lets calls through again, with an empty window.
    public func close() { core.change { machine, _ in machine.close() } }

    /// Turns calls away for `duration`, as a trip does.
    public func open(for duration: Duration) { core.change { machine, now in machine.open(for: duration, at: now) } }

    // MARK: Calling

    /// Runs `body` if the circuit lets it through, and counts how it ends.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let call = tryBegin(context)
        guard call.isAdmitted else { return try await executeWhenAdmitted(context, body) }
        do {
            try await body(context)
        } catch {
            failed(call, error, context)
            throw error
        }
        succeeded(call, context)
    }

    /// Where the circuit is not closed.
    @usableFromInline
    nonisolated(nonsending)
        func executeWhenAdmitted(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let call = try await begin(context)
        do {
            try await body(context.with(reading: ResilienceContext.noReading))
        } catch {
            failed(call, error, context)
            throw error
        }
        succeeded(call, context)
    }

    /// Whether results can count as failures.
    @inlinable
    public var inspectsResults: Bool { failureResults != nil }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// What it measures with.
    public var _clock: (any TimerClock)? { options.clock }

    /// Its queue obeys the context's deadline.
    public func prepare(_ site: inout StrategySite) { site.obeysDeadlines(of: core.clock) }

    // MARK: Calling in steps, for clients that have something to do between

    /// Lets a call through if that is possible now; ``leave(_:_:_:)`` must follow.
    package func tryEnter() -> Call? {
        let generation = core.generationIfClosed
        if generation >= 0 { return admitted(generation) }
        return core.queue.tryAdmit().map(admitted)
    }

    /// Waits, in turn, until a call may pass; ``leave(_:_:_:)`` must follow.
    ///
    /// - Throws: ``CircuitOpenError`` if that is after the context's deadline; `CancellationError`. Nothing is taken then.
    nonisolated(nonsending)
        package func enter(_ context: ResilienceContext) async throws -> Call
    {
        switch try await core.queue.admit(before: context.deadline(on: core.clock)) {
        case .granted(let generation):
            return admitted(generation)
        case .refused:
            throw rejection(context)
        }
    }

    /// Whether the circuit is closed and has been since `call` was let through: then nothing is kept for it.
    package func isOrdinary(_ call: Call) -> Bool {
        call.generation == core.generationIfClosed
    }

    /// Counts how a call that was let through has ended.
    package func leave(_ call: Call, _ verdict: CircuitBreakerOptions.Verdict, _ error: (any Error)?) {
        record(call, verdict, error)
    }

    /// A call that was let through.
    @usableFromInline
    package struct Call: Sendable {
        /// −1: not let through.
        let generation: Int
        /// Read only where slow calls count.
        let start: TimerInstant?

        @usableFromInline var isAdmitted: Bool { generation >= 0 }
    }

    @usableFromInline
    func tryBegin(_ context: ResilienceContext) -> Call {
        Call(
            generation: core.generationIfClosed,
            start: options.slowCalls == nil ? nil : context.now(on: core.clock))
    }

    @usableFromInline
    nonisolated(nonsending)
        func begin(_ context: ResilienceContext) async throws -> Call
    {
        if let generation = core.queue.tryAdmit() { return admitted(generation) }
        guard options.whenOpen == .wait else { throw rejection(context) }
        return try await enter(context)
    }

    @usableFromInline
    func succeeded(_ call: Call, _ context: ResilienceContext) {
        let isFailure = failureResults.map { results in context.bound { results.matches(context.result) } } ?? false
        record(call, isFailure ? .failure : .success, nil)
    }

    @usableFromInline
    func failed(_ call: Call, _ error: any Error, _ context: ResilienceContext) {
        record(call, Task.isCancelled ? .ignored : context.bound { options.verdict(error) }, error)
    }

    private func admitted(_ generation: Int) -> Call {
        Call(generation: generation, start: options.slowCalls == nil ? nil : core.clock.now)
    }

    private func record(_ call: Call, _ verdict: CircuitBreakerOptions.Verdict, _ error: (any Error)?) {
        core.change { machine, now in
            let isSlow = call.start.map { $0.duration(to: now) >= options.slowCalls?.duration ?? .longest }
            machine.record(verdict, slow: isSlow ?? false, generation: call.generation, error: error, at: now)
        }
    }

    /// What a call that is turned away is told. Reports it.
    package func rejection(_ context: ResilienceContext) -> any Error {
        let error = core.change { machine, now in
            let earliest = machine.earliest(1, at: now)
            return CircuitOpenError(
                state: machine.state, retryAfter: earliest == .distantFuture ? nil : now.duration(to: earliest),
                breaker: options.name, cause: machine.cause)
        }
        if options.telemetry.isActive {
            options.telemetry.emit(
                ResilienceEvent(
                    .circuitRejected, .error, strategy: options.name, context: context, delay: error.retryAfter,
                    error: error))
        }
        return error
    }
}
