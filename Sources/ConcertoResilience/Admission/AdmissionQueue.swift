/// The asynchronous shell of a policy: a lock, the one waiter queue, and at most one timer.
///
/// **Invariant.** While somebody waits, a timer stands at (or before) the instant at which the policy could admit the
/// first of them, unless only another event can bring it; each such event goes through ``update(_:)``, which serves
/// the queue. So nobody waits who could go on.
///
/// A waiter that is granted carries its grant in `weight`, written under the lock before it leaves the queue.
///
/// Policy and queue change together under one lock; tasks are resumed and timers set outside it. `alarm` says for
/// when a timer is wanted; threads that set timers at the same time settle by it which of them stays.
final class AdmissionQueue<Policy: AdmissionPolicy>: WaiterHost {
    private struct State: ~Copyable {
        var policy: Policy
        var waiters = WaiterQueue()
        var queued = 0
        var alarm = TimerInstant.distantFuture
        var timer: (any ScheduledTimer)?

        mutating func tryAdmit(_ weight: Int, _ now: TimerInstant, _ order: QueueOrder) -> AdmissionGrant? {
            // No barging: what becomes free belongs to those who wait. Newest first is barging by design.
            guard waiters.isEmpty || order == .newestFirst else { return nil }
            guard case .granted(let grant) = policy.admit(weight, at: now) else { return nil }
            return grant
        }
    }

    /// What is left to do once the lock has been released.
    private struct Work: ~Copyable {
        var wakes = WakeList()
        var stale: (any ScheduledTimer)?
        var alarm: TimerInstant?
    }

    let clock: StrategyClock
    private let queueLimit: Int
    private let order: QueueOrder
    private let state: Guarded<State>
    private let onNews: @Sendable (AdmissionQueue) -> Void

    /// - Parameters:
    ///   - queueLimit: How much weight may wait.
    ///   - onNews: Called outside the lock whenever the policy has news, also by a timer; takes them with ``take(_:)``.
    init(
        _ policy: Policy, clock: StrategyClock, queueLimit: Int = .max, order: QueueOrder = .oldestFirst,
        onNews: @escaping @Sendable (AdmissionQueue) -> Void = { _ in }
    ) {
        self.clock = clock
        self.queueLimit = queueLimit
        self.order = order
        self.onNews = onNews
        state = Guarded(State(policy: policy))
    }

    /// Admits the caller if that is possible now and nobody is waiting before it.
    ///
    /// - Parameter reading: The time, if the caller knows it already.
    func tryAdmit(_ weight: Int = 1, at reading: TimerInstant? = nil) -> AdmissionGrant? {
        let now = reading ?? self.now
        let (grant, hasNews) = state.withLock { ($0.tryAdmit(weight, now, order), $0.policy.hasNews) }
        if hasNews { tellNews() }
        return grant
    }

    /// Waits until the caller is admitted.
    ///
    /// - Parameter deadline: When to give up, on this queue's clock. A caller that can know at once that its turn
    ///   comes later is refused at once.
    /// - Throws: `CancellationError`; nothing has been taken then.
    nonisolated(nonsending)
        func admit(_ weight: Int = 1, before deadline: TimerInstant) async throws -> AdmissionOutcome
    {
        if Task.isCancelled { throw CancellationError() }
        let waiter = Waiter(of: self, weight: weight)
        var refusal: Refusal?
        let limit =
            deadline == .distantFuture ? WaitLimit.none : WaitLimit(deadline: deadline, clock: clock.base)
        let outcome = await waiter.wait(limit) { self.enqueue(waiter, before: deadline, &refusal) }
        switch outcome {
        case .granted:
            return .granted(waiter.weight)
        case .cancelled:
            throw CancellationError()
        case .timedOut:
            return .refused(.tooLate(retryAfter: wait(weight)))
        case .failed:
            if waiter.error is NeverAdmittedError { return .refused(.exceedsLimit) }
            return .refused(refusal ?? .queueFull(retryAfter: wait(weight)))
        }
    }

    /// Changes the policy, then admits everybody who can go on now.
    ///
    /// - Parameter reading: The time, if the caller knows it already.
    func update<Result>(
        at reading: TimerInstant? = nil, _ change: (inout Policy, TimerInstant) -> Result
    ) -> Result {
        let now = reading ?? self.now
        var work = Work()
        var hasNews = false
        let result = state.withLock { state in
            let result = change(&state.policy, now)
            if !state.waiters.isEmpty { serve(&state, now, &work) }
            hasNews = state.policy.hasNews
            return result
        }
        finish(&work)
        if hasNews { tellNews() }
        return result
    }

    /// Looks at the policy; serves nobody.
    func read<Result>(_ body: (borrowing Policy) -> Result) -> Result {
        state.withLock { body($0.policy) }
    }

    /// Takes news out of the policy; serves nobody.
    func take<Result>(_ body: (inout Policy) -> Result) -> Result {
        state.withLock { body(&$0.policy) }
    }

    /// How long a caller of `weight` that came now would wait; `nil` if that cannot be known.
    func wait(_ weight: Int) -> Duration? {
        let now = self.now
        let (earliest, hasNews) = state.withLock { state in
            (state.policy.earliest(ahead(state).addingSaturated(weight), at: now), state.policy.hasNews)
        }
        if hasNews { tellNews() }
        return earliest == .distantFuture ? nil : max(.zero, now.duration(to: earliest))
    }

    /// What is served before a caller that comes now.
    private func ahead(_ state: borrowing State) -> Int { order == .oldestFirst ? state.queued : 0 }

    private var now: TimerInstant {
        Policy.usesTime ? clock.now : TimerInstant(nanoseconds: 0)
    }

    var statistics: WaitStatistics { state.withLock { $0.waiters.statistics } }

    func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        let now = self.now
        var work = Work()
        state.withLock { state in
            // A turn that comes at the deadline is in time, whichever of the two timers fires first.
            if Policy.usesTime && outcome == .timedOut { serve(&state, now, &work) }
            guard state.waiters.withdraw(waiter, as: outcome, into: &work.wakes) else { return }
            state.queued -= waiter.weight
            serve(&state, now, &work)
        }
        setTimer(&work)
        return work.wakes
    }

    private func enqueue(
        _ waiter: Waiter, before deadline: TimerInstant, _ refusal: inout Refusal?
    ) -> Bool {
        let now = self.now
        var work = Work()
        var reason: Refusal?
        var hasNews = false
        let sleeps = state.withLock { state -> Bool in
            defer { hasNews = state.policy.hasNews }
            if waiter.hasLeft { return false }
            if let grant = state.tryAdmit(waiter.weight, now, order) {
                waiter.weight = grant
                return waiter.settle(.granted)
            }
            if state.policy.isNever(waiter.weight) {
                reason = .exceedsLimit
                return waiter.settle(.failed)
            }
            let earliest = state.policy.earliest(ahead(state).addingSaturated(waiter.weight), at: now)
            let retryAfter = earliest == .distantFuture ? nil : now.duration(to: earliest)
            if (Policy.usesTime && deadline <= now) || (earliest != .distantFuture && earliest > deadline) {
                reason = .tooLate(retryAfter: retryAfter)
                return waiter.settle(.failed)
            }
            guard makeRoom(for: waiter, &state, &work) else {
                reason = .queueFull(retryAfter: retryAfter)
                return waiter.settle(.failed)
            }
            let sleeps = order == .oldestFirst ? state.waiters.append(waiter) : state.waiters.prepend(waiter)
            guard sleeps else { return false }
            state.queued += waiter.weight
            serve(&state, now, &work)
            return true
        }
        refusal = reason
        finish(&work)
        if hasNews { tellNews() }
        return sleeps
    }

    private func makeRoom(for waiter: Waiter, _ state: inout State, _ work: inout Work) -> Bool {
        guard waiter.weight <= queueLimit else { return false }
        if order == .newestFirst {
            while state.queued > queueLimit - waiter.weight, let oldest = state.waiters.last {
                state.queued -= oldest.weight
                _ = state.waiters.withdraw(oldest, as: .failed, into: &work.wakes)
            }
        }
        return state.queued <= queueLimit - waiter.weight
    }

    /// Admits whoever can go on, in order, and says for when a timer is needed. Called under the lock.
    private func serve(_ state: inout State, _ now: TimerInstant, _ work: inout Work) {
        var next = TimerInstant.distantFuture
        serving: while let first = state.waiters.first {
            switch state.policy.admit(first.weight, at: now) {
            case .granted(let grant):
                state.queued -= first.weight
                first.weight = grant
                state.waiters.grant(first, into: &work.wakes)
            case .notBefore(let instant):
                next = instant
                break serving
            case .never:
                // The limit was lowered below what this caller asks for: it must not block those behind it.
                state.queued -= first.weight
                first.error = NeverAdmittedError()
                _ = state.waiters.withdraw(first, as: .failed, into: &work.wakes)
            }
        }
        guard next != state.alarm else { return }
        work.stale = state.timer
        state.timer = nil
        state.alarm = next
        work.alarm = next == .distantFuture ? nil : next
    }

    /// Out of line: it is rare, and what it needs would be prepared for every call.
    @inline(never)
    private func tellNews() { onNews(self) }

    private func finish(_ work: inout Work) {
        setTimer(&work)
        work.wakes.resume()
    }

    private func setTimer(_ work: inout Work) {
        work.stale?.cancel()
        guard let alarm = work.alarm else { return }
        let timer = clock.base.schedule(at: alarm) { self.ring(alarm) }
        let surplus = state.withLock { state in
            // Another thread has meanwhile wanted another time, or has set a timer for the same one.
            guard state.alarm == alarm, state.timer == nil else { return true }
            state.timer = timer
            return false
        }
        if surplus { timer.cancel() }
    }

    private func ring(_ alarm: TimerInstant) {
        let now = self.now
        var work = Work()
        let hasNews = state.withLock { state in
            if state.alarm == alarm {
                state.alarm = .distantFuture
                state.timer = nil
            }
            serve(&state, now, &work)
            return state.policy.hasNews
        }
        finish(&work)
        if hasNews { tellNews() }
    }
}

private struct NeverAdmittedError: Error {}

extension Int {
    func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
