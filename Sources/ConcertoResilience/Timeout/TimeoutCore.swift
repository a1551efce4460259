/// What all copies of one ``Timeout`` share.
@usableFromInline
final class TimeoutCore: Sendable {
    @usableFromInline let limit: Duration
    @usableFromInline let clock: StrategyClock
    private let name: String?
    private let telemetry: ResilienceTelemetry
    private let deadlines: DeadlineList

    init(_ limit: Duration, name: String?, clock: StrategyClock, telemetry: ResilienceTelemetry) {
        self.limit = limit
        self.name = name
        self.clock = clock
        self.telemetry = telemetry
        deadlines = DeadlineList(clock: clock)
    }

    /// - Returns: When this timeout expires, which may be later than the context's deadline.
    @usableFromInline
    func lowerDeadline(of context: inout ResilienceContext) -> TimerInstant {
        let deadline = clock.now.advanced(by: limit)
        context.lowerDeadline(to: deadline, on: clock)
        return deadline
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

    @usableFromInline
    nonisolated(nonsending)
        func runNatively(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        var inner = context
        let now = clock.now
        inner.lowerDeadline(to: now.advanced(by: limit), on: clock)
        let deadline = inner.deadline
        guard deadline > now else { throw expired(nil, context) }
        let outcome = await runChild(inner, body, deadline)
        guard let error = outcome.error else { return }
        // A caller that was cancelled hears of that, also if the time was up as well.
        guard outcome.expired, !Task.isCancelled else { throw error }
        throw expired(error, context)
    }

    private func expired(_ error: (any Error)?, _ context: ResilienceContext) -> any Error {
        if telemetry.isActive {
            telemetry.emit(
                ResilienceEvent(.timeout, .error, strategy: name, context: context, duration: limit, error: error))
        }
        return TimeoutError(limit: limit)
    }

    private struct Outcome {
        var error: (any Error)?
        var expired = false
    }

    /// Runs `body` as a task of its own, so that it alone can be cancelled: native cancellation is a flag of one
    /// task that cannot be taken back.
    private func runChild(
        _ context: ResilienceContext, _ body: ResilienceBody, _ deadline: TimerInstant,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Outcome {
        await withoutActuallyEscaping(body) { body in
            // The caller is suspended, or has not gone on, until the child is done: nobody uses `body`, what it
            // captures or `outcome` at the same time as the child, which runs with the caller's isolation.
            nonisolated(unsafe) let body = body
            nonisolated(unsafe) var outcome = Outcome()
            let entry = deadlines.begin(deadline: deadline)
            await withTaskCancellationHandler {
                let child = startChild { [deadlines] in
                    _ = isolation
                    withUnsafeCurrentTask { task in
                        guard let task else { preconditionFailure("a child runs in a task") }
                        deadlines.attach(task, to: entry)
                    }
                    do { try await body(context) } catch { outcome.error = error }
                    outcome.expired = await deadlines.finish(entry)
                }
                await child.value
            } onCancel: {
                deadlines.cancel(entry)
            }
            // The handler has been removed: whoever wanted to cancel the entry has returned.
            deadlines.recycle(entry)
            return outcome
        }
    }

    private func startChild(_ operation: sending @escaping @isolated(any) () async -> Void) -> Task<Void, Never> {
        if #available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *) {
            return Task.immediate(operation: operation)
        }
        return Task(operation: operation)
    }
}
