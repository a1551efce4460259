import CConcerto

/// One attempt of a call, in a task of its own, so that it alone can be cancelled: the flag of a cancelled task cannot be
/// taken back, and its handlers are those of everything around.
extension HedgingCore {
    /// Makes an attempt in a task that starts here and now, and waits for it; meanwhile, if it is time, makes the next one in
    /// the same way. So the attempts nest.
    nonisolated(nonsending)
        func attempt(_ race: HedgeRace, _ context: ResilienceContext, _ start: TimerInstant, _ body: Body) async
    {
        let (number, entry) = race.begin()
        var inner = context.with(reading: ResilienceContext.noReading)
        inner.attempt = number
        // Off the caller's actor, also where it could start here: attempts run at the same time.
        if _PoolInternals.isOnPoolThread || Self.isIsolated(#isolation) {
            await attemptAsChild(number, entry, race, inner, start, body)
        } else {
            await attemptImmediately(number, entry, race, inner, start, body)
        }
    }

    /// As a child task (`async let`), whose job the pool hands over instead of queueing it. The caller's cancellation and
    /// task-locals reach it for nothing.
    nonisolated(nonsending)
        private func attemptAsChild(
            _ number: Int, _ entry: DeadlineEntry, _ race: HedgeRace, _ context: ResilienceContext,
            _ start: TimerInstant, _ body: Body
        ) async
    {
        if !Self.isIsolated(#isolation) { _ = _PoolInternals.keepNextJob() }
        async let child: Void = make(number, entry, race, context, start, body, isolation: nil)
        if let task = _PoolInternals.takeKeptJob() { _PoolInternals.start(task, isolation: nil) }
        await follow(number, race, context, start, body)
        await child
    }

    /// On Swift's own executor: as an immediate task, to which the caller's cancellation has to be relayed. A child task would
    /// be queued there, and a thread woken for it: four times the cost.
    nonisolated(nonsending)
        private func attemptImmediately(
            _ number: Int, _ entry: DeadlineEntry, _ race: HedgeRace, _ context: ResilienceContext,
            _ start: TimerInstant, _ body: Body
        ) async
    {
        await withoutActuallyEscaping(body) { body in
            // A task of its own takes neither from its creator.
            let (taskName, token) = (Task<Never, Never>.name, CancellationToken.current)
            // Around the start too: the attempt may run for long before it first suspends.
            let watch = entry.watchCaller()
            let task: Task<Void, Never>
            if #available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *) {
                // An unstructured task does not inherit the preference by itself.
                let preference = withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
                task = Task.immediate(name: taskName, executorPreference: preference) {
                    await CancellationToken.adopting(token) {
                        await self.make(number, entry, race, context, start, body, isolation: nil)
                    }
                }
            } else {
                task = Task { await self.make(number, entry, race, context, start, body, isolation: nil) }
            }
            await follow(number, race, context, start, body)
            await task.value
            // Returns only when nobody relays a cancellation.
            concerto_cancellation_unwatch(watch)
        }
    }

    /// What the caller does while an attempt is under way.
    nonisolated(nonsending)
        private func follow(
            _ number: Int, _ race: HedgeRace, _ context: ResilienceContext, _ start: TimerInstant, _ body: Body
        ) async
    {
        if !race.isDecided {
            await coordinate(race, context, start, body)
        } else if number > 1 {
            // It has won where it stood, before anybody waited for it; those before it do not know yet.
            race.cancelLosers()
        }
    }

    /// Out of line: 6.3.1 makes a broken branch of it where it stands.
    @inline(never)
    private static func isIsolated(_ isolation: (any Actor)?) -> Bool { isolation != nil }

    /// One attempt, in a task of its own.
    ///
    /// - Parameter isolation: `nil`. A parameter, because a function without isolation looks for its executor anew wherever it
    ///   goes on, at a microsecond each.
    func make(
        _ number: Int, _ entry: DeadlineEntry, _ race: HedgeRace, _ context: ResilienceContext, _ start: TimerInstant,
        _ body: Body, isolation: isolated (any Actor)?
    ) async {
        entry.begin()
        var isOutcome = false
        do {
            let isBound = context.bind()
            defer { ResilienceContext.unbind(isBound) }
            isOutcome = try await body(number, context)
        } catch {
            entry.error = error
        }
        if let error = entry.error {
            isOutcome = !context.bound { options.isFailure(error) }
        } else if number == 1, isOutcome, latencies != nil, race.winner == nil {
            noteLatency(since: start)
        }
        await entry.finish()
        race.end(number, isOutcome: isOutcome, entry.error)
    }
}
