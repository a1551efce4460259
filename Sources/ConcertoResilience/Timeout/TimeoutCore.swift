import CConcerto

/// What all copies of one ``Timeout`` share.
@usableFromInline
final class TimeoutCore: Sendable {
    @usableFromInline let limit: Duration
    @usableFromInline let clock: StrategyClock
    /// `limit`, converted once: 128-bit arithmetic costs more than the rest of a cooperative timeout.
    @usableFromInline let nanoseconds: Int64
    private let name: String?
    private let telemetry: ResilienceTelemetry
    private let onTimeout: (@Sendable (TimeoutEvent) -> Void)?
    private let deadlines: DeadlineList

    init(
        _ limit: Duration, name: String?, clock: StrategyClock, telemetry: ResilienceTelemetry,
        onTimeout: (@Sendable (TimeoutEvent) -> Void)?
    ) {
        self.onTimeout = onTimeout
        self.limit = limit
        nanoseconds = limit.saturatingNanoseconds
        self.name = name
        self.clock = clock
        self.telemetry = telemetry
        deadlines = DeadlineList(clock: clock)
    }

    deinit { deadlines.close() }

    /// When a body that begins at `now` must be over.
    @inlinable
    func deadline(from now: TimerInstant) -> TimerInstant {
        let (sum, overflow) = now.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .distantFuture : TimerInstant(nanoseconds: sum)
    }

    @usableFromInline
    func cooperativeError(
        _ error: any Error, _ deadline: TimerInstant, _ context: ResilienceContext
    ) -> any Error {
        guard error is CancellationError || error is TimeoutError, !Task.isCancelled, clock.now >= deadline,
            deadline <= context.deadline(on: clock)
        else { return error }
        return expired(error, context)
    }

    /// Takes its isolation as a parameter, so that its caller goes back to its executor right after it, and not where this
    /// path meets that of a cooperative timeout: there it would cost every one of those a hop.
    @usableFromInline
    func runNatively(
        _ context: ResilienceContext, _ body: ResilienceBody, isolation: isolated (any Actor)? = #isolation
    ) async throws {
        let now = context.now(on: clock)
        var inner = context.with(reading: ResilienceContext.noReading)
        inner.lowerDeadline(to: deadline(from: now), on: clock)
        let deadline = inner.deadline
        guard deadline > now else {
            try Task.checkCancellation()
            throw expired(nil, context)
        }
        let entry = deadlines.begin(deadline: deadline)
        if _PoolInternals.isOnPoolThread {
            await runInPlace(entry, inner, body)
        } else {
            await runImmediately(entry, inner, body)
        }
        let error = entry.error
        let isExpired = entry.isExpired
        // The child has ended, and nobody relays a cancellation any more.
        deadlines.recycle(entry)
        guard let error else { return }
        // A caller that was cancelled hears of that, also if the time was up as well. A timer may be late, or that of a
        // timeout further in, which this one's deadline has shortened, may be earlier: what counts is the time.
        guard isExpired || clock.now >= deadline, !Task.isCancelled else { throw error }
        throw expired(error, context)
    }

    private func expired(_ error: (any Error)?, _ context: ResilienceContext) -> any Error {
        if let onTimeout {
            let event = TimeoutEvent(limit: limit, name: name, error: error, context: context.kept)
            context.bound { onTimeout(event) }
        }
        if telemetry.isActive {
            telemetry.emit(
                ResilienceEvent(.timeout, .error, strategy: name, context: context, duration: limit, error: error))
        }
        return TimeoutError(limit: limit, name: name, operation: context.operation)
    }

    // The body runs as a task of its own, so that it alone can be cancelled: native cancellation is a flag of one task
    // that cannot be taken back. The caller is suspended, or has not gone on, until that task has ended, and the task
    // runs with the caller's isolation: nobody uses `body` or what it captures at the same time.

    /// On Concerto's pool: a child task (`async let`) whose job the pool hands over instead of queueing it, so that it
    /// starts here and now. Task-locals and the caller's cancellation reach it for nothing.
    @inline(__always)
    nonisolated(nonsending)
        private func runInPlace(
            _ entry: DeadlineEntry, _ context: ResilienceContext, _ body: ResilienceBody
        ) async
    {
        nonisolated(unsafe) let body = body
        let isolation = #isolation
        // Between `keepNextJob` and the child nothing may be enqueued. Without effect, and nothing to take, where the child
        // goes to another executor: then it is an ordinary child task.
        if let isolation {
            _ = _PoolInternals.keepNextJob()
            async let child: Void = entry.run(context, body, isolation: isolation)
            if let task = _PoolInternals.takeKeptJob() { _PoolInternals.start(task, isolation: isolation) }
            await child
        } else {
            _ = _PoolInternals.keepNextJob()
            async let child: Void = entry.run(context, body, isolation: nil)
            if let task = _PoolInternals.takeKeptJob() { _PoolInternals.start(task, isolation: nil) }
            await child
        }
    }

    /// Elsewhere: an immediate task, to which the caller's cancellation has to be relayed.
    private func runImmediately(
        _ entry: DeadlineEntry, _ context: ResilienceContext, _ body: ResilienceBody,
        isolation: isolated (any Actor)? = #isolation
    ) async {
        await withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let body = body
            // A task of its own takes neither from its creator.
            let (taskName, token) = (Task<Never, Never>.name, CancellationToken.current)
            // Around the start too: the child may run for long before it first suspends.
            let watch = entry.watchCaller()
            let child: Task<Void, Never>
            if #available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *) {
                // An unstructured task does not inherit the preference by itself.
                let preference = withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
                if let isolation {
                    child = Task.immediate(name: taskName, executorPreference: preference) {
                        guard token.canBeCancelled else { return await entry.run(context, body, isolation: isolation) }
                        _ = isolation
                        await CancellationToken.adopting(token) {
                            await entry.run(context, body, isolation: isolation)
                        }
                    }
                } else {
                    child = Task.immediate(name: taskName, executorPreference: preference) {
                        await CancellationToken.adopting(token) { await entry.run(context, body, isolation: nil) }
                    }
                }
            } else {
                child = Task { await entry.run(context, body, isolation: isolation) }
            }
            await child.value
            // Returns only when nobody relays a cancellation.
            concerto_cancellation_unwatch(watch)
        }
    }
}
