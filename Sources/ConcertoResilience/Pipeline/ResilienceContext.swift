/// What is known about one execution: handed from strategy to strategy, to the operation that asks for it, and, as a
/// task-local, to code far below.
///
/// A value: each strategy hands on a changed copy, so what it says holds further in and nowhere else.
///
/// ```swift
/// try await pipeline.execute("load user") { context in
///     log.debug("attempt \(context.attempt)")
///     return try await client.get("/users/42")
/// }
/// ```
public struct ResilienceContext: Sendable {
    /// What is being done, such as `load user`: for telemetry and messages.
    public var operation: String?

    /// The number of the current attempt of the innermost ``Retry``, from 1.
    public var attempt: Int

    /// When this execution must be over, on the time line of the pipeline's clock; `distantFuture` if nobody has said.
    ///
    /// Timeouts lower it; delays, queues and inner timeouts obey it; code far below should. A deadline that is set here
    /// belongs to the clock of the pipeline that the context is executed in, which is that of its outermost strategy that
    /// has one; ``setDeadline(_:on:)`` says another.
    @inlinable
    public var deadline: TimerInstant {
        get { limit }
        set {
            limit = newValue
            isOfAnyClock = true
        }
    }

    @usableFromInline var limit: TimerInstant

    /// What few executions have, in one place: every strategy copies the context, and a copy counts its references.
    @usableFromInline var extras: ContextExtras?

    /// The monotonic clock as a strategy further out has just read it.
    ///
    /// **Invariant.** No code but this module's sees a reading, so that nobody takes an old one for the present time: only
    /// an execution's start allows readings, if every strategy says that it keeps them current
    /// (``ResilienceStrategy/_keepsReading``), and they are taken away before the operation gets to see the context. A strategy in which time
    /// has passed takes them away too.
    @usableFromInline var reading: TimerInstant

    /// ``mustBind`` and ``isOfAnyClock``, in a word of their own: of two bytes side by side, each written for itself, a copy
    /// reads eight at once, for which the processor has to wait.
    @usableFromInline var flags: UInt

    /// Whether code far below is to find this context even if it says nothing: it would find that of an execution around.
    @inlinable var mustBind: Bool {
        get { flags & 1 != 0 }
        set { flags = newValue ? flags | 1 : flags & ~1 }
    }

    /// Whether the deadline was set by hand and no clock has been told yet: whoever reads it takes it for its own.
    @inlinable var isOfAnyClock: Bool {
        get { flags & 2 != 0 }
        set { flags = newValue ? flags | 2 : flags & ~2 }
    }

    /// Readings are not handed on.
    @inlinable static var noReading: TimerInstant { TimerInstant(nanoseconds: .min) }
    /// Readings are handed on, and nobody has made one.
    @inlinable static var unread: TimerInstant { TimerInstant(nanoseconds: .min + 1) }

    /// The context of the execution that the current task runs in, or `nil` outside of one.
    @TaskLocal public static var current: ResilienceContext?

    /// Creates a context for an execution that takes over deadline and properties of the one around it, if any.
    ///
    /// - Parameter operation: What is being done.
    public init(operation: String? = nil) {
        self.init(inheriting: operation, reading: Self.noReading)
    }

    @inlinable
    init(
        _ operation: String? = nil, _ attempt: Int = 1, _ deadline: TimerInstant = .distantFuture,
        _ extras: ContextExtras? = nil, reading: TimerInstant = Self.noReading
    ) {
        self.operation = operation
        self.attempt = attempt
        limit = deadline
        self.extras = extras
        flags = 0
        self.reading = reading
    }

    /// What callers and strategies want to tell code further in.
    public var properties: ResilienceProperties {
        get { extras?.properties ?? ResilienceProperties() }
        set { extras = ContextExtras(clock: clock, properties: newValue, results: results) }
    }

    /// What the deadline is measured with: an instant of one clock says nothing on another.
    @inlinable var clock: StrategyClock { extras?.clock ?? .monotonic }

    @usableFromInline var results: ContextExtras? { extras?.results }

    /// How long this execution may still take: never negative, `nil` without a deadline.
    public var remaining: Duration? {
        guard limit != .distantFuture else { return nil }
        return max(.zero, clock.now.duration(to: limit))
    }

    /// The result of the latest attempt, if a strategy of this pipeline asked for it (see
    /// ``ResilienceStrategy/inspectsResults``); a fallback's value replaces it.
    public var result: Any? {
        get { results?.result }
        nonmutating set { results?.result = newValue }
    }

    /// The deadline as an instant of `clock`, or `distantFuture` if it belongs to another clock.
    @inlinable
    func deadline(on clock: StrategyClock) -> TimerInstant {
        isOfAnyClock || clock.isSame(as: self.clock) ? limit : .distantFuture
    }

    /// Sets the deadline, as an instant of `clock`: pipelines on other clocks do not know it.
    public mutating func setDeadline(_ deadline: TimerInstant, on clock: any TimerClock) {
        setDeadline(deadline, on: StrategyClock(clock))
    }

    /// Settles whose a deadline is that was set by hand: `clock`'s, that of the pipeline which is about to begin.
    @usableFromInline
    mutating func settleDeadline(on clock: (any TimerClock)?) {
        setDeadline(limit, on: clock.map { StrategyClock($0) } ?? self.clock)
    }

    private mutating func setDeadline(_ deadline: TimerInstant, on clock: StrategyClock) {
        if !clock.isSame(as: self.clock) { extras = extras(with: clock) }
        limit = deadline
        isOfAnyClock = false
    }

    /// Lowers the deadline to `deadline` of `clock`.
    @inlinable
    mutating func lowerDeadline(to deadline: TimerInstant, on clock: StrategyClock) {
        if !isOfAnyClock, (extras == nil && clock.other == nil) || clock.isSame(as: self.clock) {
            limit = min(limit, deadline)
        } else {
            let own = self.deadline(on: clock)
            if !clock.isSame(as: self.clock) { extras = extras(with: clock) }
            limit = min(own, deadline)
            isOfAnyClock = false
        }
    }

    @usableFromInline
    func extras(with clock: StrategyClock) -> ContextExtras {
        ContextExtras(clock: clock, properties: properties, results: results)
    }

    /// The time of `clock`, from the reading if there is one.
    @inlinable
    func now(on clock: StrategyClock) -> TimerInstant {
        clock.other == nil && reading > Self.unread ? reading : clock.now
    }

    /// This context with another ``reading``.
    @inlinable
    func with(reading: TimerInstant) -> ResilienceContext {
        var context = self
        context.reading = reading
        return context
    }

    /// Hands `now` of `clock` on, where that is allowed.
    @inlinable
    mutating func keep(_ now: TimerInstant, of clock: StrategyClock) {
        if clock.other == nil, reading == Self.unread { reading = now }
    }

    /// Whether code far below learns anything from this context.
    @inlinable
    var isWorthBinding: Bool {
        limit != .distantFuture || attempt != 1 || mustBind || operation != nil || extras?.isWorthBinding ?? false
    }

    /// What foreign code gets to see that may keep it: without the reading, and without the result, which belongs to the
    /// execution.
    var kept: ResilienceContext {
        var context = with(reading: Self.noReading)
        context.extras = keptExtras
        return context
    }

    /// The extras without the place of the result.
    var keptExtras: ContextExtras? {
        guard let extras, extras.results != nil else { return extras }
        guard !properties.isEmpty || clock.other != nil else { return nil }
        return ContextExtras(clock: clock, properties: properties, results: nil)
    }
}
