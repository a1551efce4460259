/// What a ``Chaos`` that is on does.
@usableFromInline
final class ChaosCore: Sendable {
    enum Injection: Sendable {
        case latency(@Sendable (ResilienceContext) async -> Duration)
        case fault(@Sendable (ResilienceContext) async -> (any Error)?)
        case outcome(@Sendable (ResilienceContext) async -> any Sendable)
        case behavior(@Sendable (ResilienceContext) async throws -> Void)
    }

    let injection: Injection
    private let options: ChaosOptions
    private let clock: StrategyClock

    init(_ injection: Injection, _ options: ChaosOptions) {
        self.injection = injection
        self.options = options
        clock = StrategyClock(options.clock)
    }

    /// Takes its isolation as a parameter, so that its caller goes back to its executor right after it, and not where this
    /// path meets that of a chaos which is off: there it would cost every call a hop.
    @usableFromInline
    func execute(
        _ context: ResilienceContext, _ body: ResilienceBody, isolation: isolated (any Actor)? = #isolation
    ) async throws {
        let context = context.with(reading: ResilienceContext.noReading)
        guard try await strikes(context) else { return try await body(context) }
        try Task.checkCancellation()
        switch injection {
        case .latency(let latency):
            let duration: Duration = try await context.awaiting { await latency(context) }
            try Task.checkCancellation()
            guard duration > .zero else { return try await body(context) }
            report(.chaosLatency, context, delay: duration)
            try await clock.sleep(until: clock.now.advanced(by: duration))
        case .fault(let fault):
            let error: (any Error)? = try await context.awaiting { await fault(context) }
            try Task.checkCancellation()
            if let error {
                report(.chaosFault, context, error: error)
                throw error
            }
        case .outcome(let outcome):
            let value: any Sendable = try await context.awaiting { await outcome(context) }
            try Task.checkCancellation()
            report(.chaosOutcome, context)
            return context.result = value
        case .behavior(let action):
            report(.chaosBehavior, context)
            try await context.awaiting { try await action(context) }
        }
        try await body(context)
    }

    nonisolated(nonsending)
        private func strikes(_ context: ResilienceContext) async throws -> Bool
    {
        try Task.checkCancellation()
        if let isEnabled = options.isEnabled {
            guard try await context.awaiting({ await isEnabled(context) }) else { return false }
            try Task.checkCancellation()
        }
        var rate = options.injectionRate
        if let generate = options.rate {
            rate = try await context.awaiting { await generate(context) }
            try Task.checkCancellation()
        }
        // Also for NaN: no comparison with it holds.
        return options.random.nextUnit() < min(1, max(0, rate))
    }

    private func report(
        _ name: ResilienceEvent.Name, _ context: ResilienceContext, delay: Duration? = nil, error: (any Error)? = nil
    ) {
        if let onInject = options.onInject { context.bound { onInject(context) } }
        guard options.telemetry.isActive else { return }
        options.telemetry.emit(
            ResilienceEvent(name, .information, strategy: options.name, context: context, delay: delay, error: error))
    }
}
