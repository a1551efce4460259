/// Breaks calls on purpose: makes them slow, makes them fail, gives them other results.
///
/// ```swift
/// let chaos = ChaosSwitch(variable: "CONCERTO_CHAOS")       // off unless that is 1
/// let pipeline = ResiliencePipeline {
///     Retry()
///     Timeout(.seconds(2))
///     Chaos.latency(.seconds(5), rate: 0.01, switch: chaos)  // innermost: as if the dependency did it
///     Chaos.fault(rate: 0.05, switch: chaos) { _ in ConnectionError() }
/// }
/// ```
///
/// - Cancellation: ends a latency that is being injected, and is looked for between the functions that decide.
/// - Where it runs: on the caller's executor.
/// - Allocates: nothing while it is off, which costs one relaxed load.
///
/// Source: the four kinds of Simmy, now in Polly.
public struct Chaos: ResilienceStrategy {
    @usableFromInline let control: ChaosSwitch
    /// Behind a reference: the strategy is passed on with each call, and while it is off that is all it costs.
    @usableFromInline let core: ChaosCore

    private init(
        _ injection: ChaosCore.Injection, _ options: ChaosOptions, _ control: ChaosSwitch
    ) throws(InvalidOptionsError) {
        try options.validate()
        core = ChaosCore(injection, options)
        self.control = control
    }

    // MARK: Kinds

    /// Makes a call wait for `duration` before it begins. Default: 30 s.
    public static func latency(
        _ duration: Duration = .seconds(30), rate: Double = 0.001, switch control: ChaosSwitch
    ) -> Chaos {
        trapping(rate) { options throws(InvalidOptionsError) in
            try latency(options: options, switch: control) { _ in duration }
        }
    }

    /// Makes a call wait for as long as `duration` says; not at all for zero or less.
    public static func latency(
        options: ChaosOptions, switch control: ChaosSwitch,
        _ duration: @escaping @Sendable (ResilienceContext) async -> Duration
    ) throws(InvalidOptionsError) -> Chaos {
        try Chaos(.latency(duration), options, control)
    }

    /// Throws an error in place of a call.
    public static func fault(
        rate: Double = 0.001, switch control: ChaosSwitch,
        _ error: @escaping @Sendable (ResilienceContext) -> any Error
    ) -> Chaos {
        trapping(rate) { options throws(InvalidOptionsError) in
            try fault(options: options, switch: control) { error($0) }
        }
    }

    /// Throws what `error` gives in place of a call; `nil` for nothing.
    public static func fault(
        options: ChaosOptions, switch control: ChaosSwitch,
        _ error: @escaping @Sendable (ResilienceContext) async -> (any Error)?
    ) throws(InvalidOptionsError) -> Chaos {
        try Chaos(.fault(error), options, control)
    }

    /// Throws one of several errors in place of a call, each as often as its weight says.
    ///
    /// - Parameters:
    ///   - options: How often, and when at all.
    ///   - control: What turns it on.
    ///   - errors: Weights of 0 or more, one of them above 0.
    public static func fault(
        options: ChaosOptions, switch control: ChaosSwitch, weighted errors: [(weight: Double, error: any Error)]
    ) throws(InvalidOptionsError) -> Chaos {
        var check = OptionsCheck("Chaos")
        for (index, entry) in errors.enumerated() {
            check.require(
                entry.weight >= 0 && entry.weight.isFinite, "weighted[\(index)].weight", entry.weight,
                "0 or more, and finite")
        }
        let sum = errors.reduce(0) { $0 + max(0, $1.weight) }
        check.require(sum > 0, "weighted", sum, "above 0 together")
        try check.finish()
        let random = options.random
        return try fault(options: options, switch: control) { _ in
            var draw = random.nextUnit() * sum
            for entry in errors {
                draw -= entry.weight
                if draw < 0 { return entry.error }
            }
            return errors.last { $0.weight > 0 }?.error
        }
    }

    /// Returns a value in place of a call. It must have the type that the caller waits for; otherwise
    /// ``MissingResultError`` is thrown.
    public static func outcome<Value: Sendable>(
        rate: Double = 0.001, switch control: ChaosSwitch, _ value: @escaping @Sendable (ResilienceContext) -> Value
    ) -> Chaos {
        trapping(rate) { options throws(InvalidOptionsError) in
            try outcome(options: options, switch: control) { value($0) }
        }
    }

    /// Returns what `value` gives in place of a call; see ``outcome(rate:switch:_:)``.
    public static func outcome<Value: Sendable>(
        options: ChaosOptions, switch control: ChaosSwitch,
        _ value: @escaping @Sendable (ResilienceContext) async -> Value
    ) throws(InvalidOptionsError) -> Chaos {
        try Chaos(.outcome({ await value($0) }), options, control)
    }

    /// Runs code of the test's before a call: say, to restart the dependency. What it throws is thrown.
    public static func behavior(
        options: ChaosOptions, switch control: ChaosSwitch,
        _ action: @escaping @Sendable (ResilienceContext) async throws -> Void
    ) throws(InvalidOptionsError) -> Chaos {
        try Chaos(.behavior(action), options, control)
    }

    private static func trapping(
        _ rate: Double, _ make: (ChaosOptions) throws(InvalidOptionsError) -> Chaos
    ) -> Chaos {
        var options = ChaosOptions()
        options.injectionRate = rate
        return trapOnInvalidOptions { () throws(InvalidOptionsError) in try make(options) }
    }

    // MARK: As a strategy

    /// Runs `body`, or what stands in its place.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        guard control.isOn else { return try await body(context) }
        try await core.execute(context, body)
    }

    /// Whether it can replace results.
    public var inspectsResults: Bool {
        if case .outcome = core.injection { true } else { false }
    }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }
}
