/// What a strategy runs: the strategies further in and, innermost, the caller's own code.
public typealias ResilienceBody = nonisolated(nonsending) (ResilienceContext) async throws -> Void

/// One layer of protection around an operation.
///
/// A strategy is not generic over the result: the innermost body stores it, the strategies see `Void`, so a chain is
/// specialised once and can be boxed cheaply. A strategy that looks at results finds the one of the latest attempt in
/// the context (``ResilienceContext/result``), provided it asks for it with ``inspectsResults``.
///
/// Own strategies conform to this protocol and take part in pipelines as the built-in ones do.
public protocol ResilienceStrategy: Sendable {
    /// Runs `body` zero, one or more times, one after the other.
    ///
    /// - Cancellation: an implementation passes the caller's cancellation on to `body` and reports it as
    ///   `CancellationError`, never as an error of its own.
    /// - Where it runs: on the caller's executor.
    /// - Parameters:
    ///   - context: What is known about this execution. A strategy hands on a copy with its changes.
    ///   - body: What stands further in. It must not be called after this function has returned.
    nonisolated(nonsending)
        func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws

    /// Called once, from the innermost strategy to the outermost, when a pipeline is built.
    ///
    /// The default says what is safe to say about a strategy that knows nothing of it: time may pass here without
    /// regard to the context's deadline.
    mutating func prepare(_ site: inout StrategySite)

    /// Whether this strategy looks at results; `false` by default. It must not change.
    var inspectsResults: Bool { get }

    /// Whether a reading of the clock that comes in with the context is still the time when the body is called. For
    /// Concerto's own strategies; `false` by default.
    var _keepsReading: Bool { get }

    /// The clock that this strategy, or the outermost one in it that has a clock, measures with; `nil` by default. A
    /// deadline that a caller sets is one of this clock.
    var _clock: (any TimerClock)? { get }
}

extension ResilienceStrategy {
    /// Says that time may pass in this strategy without regard to the context's deadline.
    public mutating func prepare(_ site: inout StrategySite) {
        site.enforcesDeadline = false
    }

    /// Does not look at results.
    @inlinable
    public var inspectsResults: Bool { false }

    /// May take its time before it calls its body.
    @inlinable
    public var _keepsReading: Bool { false }

    /// Has no clock.
    @inlinable
    public var _clock: (any TimerClock)? { nil }
}

/// What a strategy learns about, and says to, the pipeline it is built into.
public struct StrategySite: Sendable {
    /// The pipeline's name.
    public let pipeline: String?

    /// Whether everything further in ends when the context's deadline passes: a native ``Timeout`` stands there and
    /// nothing but strategies that obey the deadline stands before it. An outer ``Timeout`` then needs no task.
    public var enforcesDeadline = false

    /// The clock of that native ``Timeout``: it enforces deadlines of this clock and knows nothing of others'. `nil` if
    /// none has said so.
    @usableFromInline var enforcer: StrategyClock?

    /// Creates a site; for strategies that contain others.
    public init(pipeline: String? = nil) {
        self.pipeline = pipeline
    }

    /// Says that this strategy obeys deadlines of `clock` only.
    mutating func obeysDeadlines(of clock: StrategyClock) {
        if let enforcer, !enforcer.isSame(as: clock) { enforcesDeadline = false }
    }
}
