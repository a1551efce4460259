/// What limiters have in common: callers wait in a queue, no longer than their deadline allows, and who waited or was turned
/// away is reported.
struct LimiterQueue<Policy: AdmissionPolicy>: Sendable {
    let admission: AdmissionQueue<Policy>
    let options: LimiterOptions
    private let waited: ResilienceEvent.Name?
    private let rejected: ResilienceEvent.Name

    /// - Parameters:
    ///   - waited: What is reported about who had to wait; `nil` for nothing.
    ///   - rejected: What is reported about who was turned away.
    init(
        _ policy: Policy, _ options: LimiterOptions, clock: StrategyClock, waited: ResilienceEvent.Name? = nil,
        rejected: ResilienceEvent.Name,
        onNews: @escaping @Sendable (AdmissionQueue<Policy>) -> Void = { _ in }
    ) {
        admission = AdmissionQueue(
            policy, clock: clock, queueLimit: options.queueLimit, order: options.order, onNews: onNews)
        self.options = options
        self.waited = waited
        self.rejected = rejected
    }

    var clock: StrategyClock { admission.clock }

    /// Waits until `permits` may pass, and takes them.
    ///
    /// - Parameters:
    ///   - context: Whose deadline counts; `nil` for the current one.
    ///   - rejection: The error for who is turned away.
    /// - Returns: What the policy has granted.
    /// - Throws: What `rejection` made; `CancellationError`. Nothing has been taken then.
    @discardableResult
    nonisolated(nonsending)
        func wait(
            _ permits: Int, _ context: ResilienceContext?, rejection: (Refusal) -> any Error
        ) async throws -> AdmissionGrant
    {
        try Task.checkCancellation()
        guard permits >= 1 else { throw ArgumentError("permits", permits, "must be 1 or more") }
        let context = context ?? .current
        var deadline = context?.deadline(on: clock) ?? .distantFuture
        var start: TimerInstant?
        if options.maxWait != nil || options.telemetry.isActive {
            let now = clock.now
            start = now
            if let maxWait = options.maxWait { deadline = min(deadline, now.advanced(by: maxWait)) }
        }
        switch try await admission.admit(permits, before: deadline) {
        case .granted(let grant):
            guard let waited, let start, options.telemetry.isActive else { return grant }
            options.telemetry.emit(
                ResilienceEvent(
                    waited, .debug, strategy: options.name, context: context, duration: start.duration(to: clock.now)))
            return grant
        case .refused(let refusal):
            let error = rejection(refusal)
            if options.telemetry.isActive {
                options.telemetry.emit(
                    ResilienceEvent(
                        rejected, .error, strategy: options.name, context: context, delay: refusal.retryAfter,
                        error: error))
            }
            throw error
        }
    }
}
