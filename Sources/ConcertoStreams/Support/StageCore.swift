public import Concerto
public import ConcertoRuntime

/// What an operator does between a source that is read by a task and a consumer that waits, in the time of a clock.
///
/// A machine only decides; ``StageCore`` holds the lock, the timer and the waits. All functions are called under its lock.
@usableFromInline
protocol StageMachine: Sendable {
    associatedtype Input: Sendable
    associatedtype Output: Sendable

    /// Whether `receive` and `take` want the time; reading the clock is most of what an element costs.
    static var readsClock: Bool { get }

    /// An element has come.
    mutating func receive(_ element: Input, now: TimerInstant)

    /// The source has ended or failed; nothing more comes.
    mutating func finish(failed: Bool, now: TimerInstant)

    /// The clock has reached `deadline`.
    mutating func timerFired(now: TimerInstant)

    /// When the timer is to fire next.
    var deadline: TimerInstant? { get }

    /// Whether the source has to wait.
    var isFull: Bool { get }

    /// Whether there is something to take.
    var isReady: Bool { get }

    /// Takes what is ready.
    mutating func take(now: TimerInstant) -> Output?
}

/// Runs a ``StageMachine``: a task reads the source, one timer is armed anew when it fires early, the consumer waits.
///
/// The timer is armed only if it would come too late: moving a deadline back, which most elements do, costs a store.
@usableFromInline
final class StageCore<Machine: StageMachine, Failure: Error>: WaiterHost {
    @usableFromInline
    struct State: ~Copyable, @unchecked Sendable {  // only used under the lock
        @usableFromInline var machine: Machine
        @usableFromInline var consumers = WaiterQueue()
        @usableFromInline var producers = WaiterQueue()
        @usableFromInline var hasEnded = false
        @usableFromInline var isCancelled = false
        @usableFromInline var failure: Failure?
        @usableFromInline var task: Task<Void, Never>?
        @usableFromInline var timer: (any ScheduledTimer)?
        /// What the timer stands at, or is about to be armed for.
        @usableFromInline var armed: TimerInstant?

        @inlinable
        init(_ machine: Machine) { self.machine = machine }

        /// Whether the source has ended and nothing comes out by the timer any more.
        @inlinable
        var isThrough: Bool { hasEnded && machine.deadline == nil }

        /// What to arm the timer for, if it does not come early enough by itself.
        @inlinable
        mutating func timerToArm() -> TimerInstant? {
            guard !isCancelled, let deadline = machine.deadline else { return nil }
            if let armed, armed <= deadline { return nil }
            armed = deadline
            return deadline
        }
    }

    @usableFromInline let state: Guarded<State>
    @usableFromInline let clock: any TimerClock

    @inlinable
    init(_ machine: Machine, clock: any TimerClock) {
        state = Guarded(State(machine))
        self.clock = clock
    }

    // MARK: The source

    @inlinable
    func start<Source: AsyncSequence & Sendable>(_ source: Source)
    where Source.Element == Machine.Input, Source.Failure == Failure {
        let task = StreamTask.start(on: StreamPlacement.current) { [self] in
            do throws(Failure) {
                var iterator = source.makeAsyncIterator()
                while let element = try await iterator.next(isolation: nil) {
                    guard await receive(element) else { return end(nil) }
                }
                end(nil)
            } catch {
                end(error)
            }
        }
        let (isCancelled, deadline) = state.withLock { state in
            state.task = task
            return (state.isCancelled, state.timerToArm())
        }
        if isCancelled { task.cancel() }
        if let deadline { arm(deadline) }
    }

    /// - Returns: Whether more is wanted.
    @inlinable
    func receive(_ element: Machine.Input) async -> Bool {
        let now = Machine.readsClock ? clock.now : TimerInstant(nanoseconds: 0)
        var wakes = WakeList()
        let (isCancelled, isFull, deadline) = state.withLock { state in
            guard !state.isCancelled else { return (true, false, TimerInstant?.none) }
            state.machine.receive(element, now: now)
            if state.machine.isReady { _ = state.consumers.grantFirst(into: &wakes) }
            return (false, state.machine.isFull, state.timerToArm())
        }
        wakes.resume()
        if isCancelled || isCurrentTaskCancelled() { return false }
        if let deadline { arm(deadline) }
        if isFull { return await waitForRoom() }
        return true
    }

    @usableFromInline
    func waitForRoom() async -> Bool {
        let waiter = Waiter(of: self, weight: 1)
        let outcome = await waiter.wait {
            state.withLock { state in
                state.isCancelled || !state.machine.isFull
                    ? waiter.settle(.granted) : state.producers.append(waiter)
            }
        }
        return outcome == .granted && !state.withLock { $0.isCancelled }
    }

    @usableFromInline
    func end(_ error: Failure?) {
        let now = clock.now
        var wakes = WakeList()
        let (timer, deadline) = state.withLock { state -> ((any ScheduledTimer)?, TimerInstant?) in
            state.hasEnded = true
            if !state.isCancelled { state.failure = error }
            state.machine.finish(failed: error != nil, now: now)
            if state.isThrough || state.machine.isReady { state.consumers.grantAll(into: &wakes) }
            if let deadline = state.timerToArm() { return (nil, deadline) }
            guard state.machine.deadline == nil else { return (nil, nil) }
            state.armed = nil
            return (state.timer.take(), nil)
        }
        timer?.cancel()
        if let deadline { arm(deadline) }
        wakes.resume()
    }

    // MARK: The timer

    @usableFromInline
    func arm(_ deadline: TimerInstant) {
        // Weak: the timer of a stream that nobody reads any more fires into nothing, until it is taken back.
        let timer = clock.schedule(at: deadline) { [weak self] in self?.fire(deadline) }
        let old = state.withLock { state -> (any ScheduledTimer)? in
            guard state.armed == deadline, !state.isCancelled else { return timer }
            let old = state.timer
            state.timer = timer
            return old
        }
        old?.cancel()
    }

    @usableFromInline
    func fire(_ deadline: TimerInstant) {
        var wakes = WakeList()
        let now = clock.now
        let next = state.withLock { state -> TimerInstant? in
            guard state.armed == deadline, !state.isCancelled else { return nil }
            state.armed = nil
            state.timer = nil
            if let due = state.machine.deadline, due <= now { state.machine.timerFired(now: now) }
            if state.machine.isReady || state.isThrough { _ = state.consumers.grantFirst(into: &wakes) }
            if !state.machine.isFull { state.producers.grantAll(into: &wakes) }
            return state.timerToArm()
        }
        if let next { arm(next) }
        wakes.resume()
    }

    // MARK: The consumer

    @usableFromInline
    enum Taken {
        case output(Machine.Output)
        case end
        case nothing
    }

    @inlinable
    func take() -> Taken {
        let now = Machine.readsClock ? clock.now : TimerInstant(nanoseconds: 0)
        var wakes = WakeList()
        let (taken, deadline) = state.withLock { state -> (Taken, TimerInstant?) in
            if let output = state.machine.take(now: now) {
                if !state.machine.isFull { state.producers.grantAll(into: &wakes) }
                return (.output(output), state.timerToArm())
            }
            return (state.isThrough ? .end : .nothing, state.timerToArm())
        }
        wakes.resume()
        if let deadline { arm(deadline) }
        return taken
    }

    /// - Returns: `false` if the consumer has been cancelled.
    @usableFromInline
    nonisolated(nonsending)
        func waitForOutput() async -> Bool
    {
        let waiter = Waiter(of: self, weight: 2)
        let outcome = await waiter.wait {
            state.withLock { state in
                state.isThrough || state.machine.isReady
                    ? waiter.settle(.granted) : state.consumers.append(waiter)
            }
        }
        return outcome == .granted
    }

    @usableFromInline
    func cancel() {
        var wakes = WakeList()
        let (task, timer) = state.withLock { state in
            state.isCancelled = true
            state.armed = nil
            state.producers.grantAll(into: &wakes)
            return (state.task, state.timer.take())
        }
        timer?.cancel()
        task?.cancel()
        wakes.resume()
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        // The weight says which queue it is in.
        state.withLock { state in
            if waiter.weight == 1 {
                _ = state.producers.withdraw(waiter, as: outcome, into: &wakes)
            } else {
                _ = state.consumers.withdraw(waiter, as: outcome, into: &wakes)
            }
        }
        return wakes
    }
}

/// The reading end of a ``StageCore``: starts it with the first `next` and cancels it when it goes.
@usableFromInline
final class StageReader<Machine: StageMachine, Failure: Error> {
    @usableFromInline let core: StageCore<Machine, Failure>
    @usableFromInline var begin: ((StageCore<Machine, Failure>) -> Void)?
    @usableFromInline var isThrough = false

    @inlinable
    init<Source: AsyncSequence & Sendable>(_ source: Source, _ machine: Machine, clock: any TimerClock)
    where Source.Element == Machine.Input, Source.Failure == Failure {
        core = StageCore(machine, clock: clock)
        begin = { $0.start(source) }
    }

    @inlinable
    deinit { if begin == nil { core.cancel() } }

    @inlinable
    func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Machine.Output? {
        if isThrough { return nil }
        if isCurrentTaskCancelled() { return try leave() }
        if let begin {
            self.begin = nil
            begin(core)
        }
        while true {
            switch core.take() {
            case .output(let output): return output
            case .end:
                isThrough = true
                if let failure = core.state.withLock({ $0.failure }) { throw failure }
                return nil
            case .nothing:
                guard await core.waitForOutput() else { return try leave() }
            }
        }
    }

    @usableFromInline
    func leave() throws(Failure) -> Machine.Output? {
        isThrough = true
        if begin == nil { core.cancel() }
        begin = nil
        try throwIfItCanBe(CancellationError(), as: Failure.self)
        return nil
    }
}
