public import Concerto
public import ConcertoRuntime

/// What the tasks of one concurrent map share: the elements that wait for a worker, the workers, and the results.
///
/// An element is *in flight* from when it is read until the loop has its result; at most `limit` are. One task reads the
/// source and starts a worker where none is idle; it ends when all workers have ended, and only then comes a failure out.
@usableFromInline
final class MapCore<Input: Sendable, Output: Sendable>: WaiterHost {
    /// How results are handed out.
    @usableFromInline
    enum Order: Sendable {
        case ordered
        case unordered
    }

    @usableFromInline
    enum Slot: Sendable {
        case running
        case done(Output)
    }

    @usableFromInline
    struct Job: Sendable {
        @usableFromInline let index: Int
        @usableFromInline let input: Input

        @inlinable
        init(index: Int, input: Input) {
            self.index = index
            self.input = input
        }
    }

    @usableFromInline
    struct State: ~Copyable, @unchecked Sendable {  // only used under the lock
        /// Elements that wait for a worker.
        @usableFromInline var jobs = StreamRing<Job>()
        /// In order: the slots of what is in flight, the oldest first. Else: the results that are there.
        @usableFromInline var slots = StreamRing<Slot>()
        /// The number of the oldest in flight, where results are in order.
        @usableFromInline var head = 0
        /// The number of the next element.
        @usableFromInline var tail = 0
        @usableFromInline var inFlight = 0
        @usableFromInline var workers: [Task<Void, Never>] = []
        /// What each worker is at; -1 if nothing.
        @usableFromInline var current: [Int] = []
        @usableFromInline var idle = WaiterQueue()
        @usableFromInline var reader = WaiterQueue()
        @usableFromInline var consumer = WaiterQueue()
        @usableFromInline var driver: Task<Void, Never>?
        @usableFromInline var hasEnded = false
        @usableFromInline var isThrough = false
        @usableFromInline var isCancelled = false
        @usableFromInline var failure: (index: Int, error: any Error)?
        /// Whether the loop has the failure, or somebody else does.
        @usableFromInline var isReported = false

        @inlinable
        init() {}
    }

    @usableFromInline let state = Guarded(State())
    @usableFromInline let limit: Int
    @usableFromInline let order: Order

    @inlinable
    init(limit: Int, order: Order) {
        self.limit = limit
        self.order = order
    }

    // MARK: Reading

    /// Waits until one more element may be read.
    ///
    /// - Returns: `false` if none may be any more.
    @inlinable
    func waitForRoom() async -> Bool {
        let (isOver, hasRoom) = state.withLock { ($0.isCancelled || $0.failure != nil, $0.inFlight < limit) }
        if isOver { return false }
        if hasRoom { return true }
        return await waitForRoomSlowly()
    }

    @usableFromInline
    func waitForRoomSlowly() async -> Bool {
        let waiter = Waiter(of: self, weight: 1)
        _ = await waiter.wait {
            state.withLock { state in
                state.inFlight < limit || state.isCancelled || state.failure != nil
                    ? waiter.settle(.granted) : state.reader.append(waiter)
            }
        }
        return state.withLock { !$0.isCancelled && $0.failure == nil && $0.inFlight < limit }
    }

    /// Takes in an element that has been read.
    ///
    /// - Returns: Whether there is need of one more worker.
    @inlinable
    func add(_ input: Input) -> Bool {
        var wakes = WakeList()
        let needsWorker = state.withLock { state in
            state.jobs.append(Job(index: state.tail, input: input))
            if order == .ordered { state.slots.append(.running) }
            state.tail += 1
            state.inFlight += 1
            if state.idle.grantFirst(into: &wakes) { return false }
            return state.workers.count < limit
        }
        wakes.resume()
        return needsWorker
    }

    /// Starts a worker.
    @inlinable
    func startWorker(on placement: (any TaskExecutor)?, _ work: @escaping @Sendable (Int) async -> Void) {
        let number = state.withLock { state in
            state.current.append(-1)
            return state.current.count - 1
        }
        let task = Task<Void, Never>(executorPreference: placement) { await work(number) }
        let isCancelled = state.withLock { state in
            state.workers.append(task)
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Says that the source has ended, and waits until all workers have.
    @usableFromInline
    func endReading(_ error: (any Error)?) async {
        var wakes = WakeList()
        var victims: [Task<Void, Never>] = []
        var unread: (any Error)?
        let workers = state.withLock { state in
            state.hasEnded = true
            if state.isCancelled { unread = error }
            if let error, !state.isCancelled, state.failure == nil {
                victims = state.fail(at: state.tail, error, order: order)
            }
            state.idle.grantAll(into: &wakes)
            return state.workers
        }
        for victim in victims { victim.cancel() }
        wakes.resume()
        report(unread)
        for worker in workers { await worker.value }
        wakes = WakeList()
        state.withLock { state in
            state.isThrough = true
            state.consumer.grantAll(into: &wakes)
        }
        wakes.resume()
    }

    // MARK: Working

    @usableFromInline
    enum Next: Sendable {
        case job(Job)
        case wait
        case end
    }

    /// Takes the result of the worker's job, if it had one, and gives it the next.
    @inlinable
    func exchange(_ worker: Int, _ result: (index: Int, output: Output)?) -> Next {
        var wakes = WakeList()
        let next = state.withLock { state -> Next in
            if let result {
                switch order {
                case .ordered:
                    let place = result.index - state.head
                    state.slots.replace(at: place, with: .done(result.output))
                    if place == 0 { _ = state.consumer.grantFirst(into: &wakes) }
                case .unordered:
                    state.slots.append(.done(result.output))
                    _ = state.consumer.grantFirst(into: &wakes)
                }
            }
            state.current[worker] = -1
            guard !state.isCancelled else { return .end }
            while let job = state.jobs.popFirst() {
                if let failure = state.failure, order == .unordered || job.index > failure.index { continue }
                state.current[worker] = job.index
                return .job(job)
            }
            return state.hasEnded || state.failure != nil ? .end : .wait
        }
        wakes.resume()
        return next
    }

    @usableFromInline
    func waitForJob() async {
        let waiter = Waiter(of: self, weight: 2)
        _ = await waiter.wait {
            state.withLock { state in
                !state.jobs.isEmpty || state.hasEnded || state.isCancelled || state.failure != nil
                    ? waiter.settle(.granted) : state.idle.append(waiter)
            }
        }
    }

    /// Notes that a body has failed. In order, those before it go on and those after it are cancelled; else all are.
    @usableFromInline
    func fail(_ index: Int, _ error: any Error) {
        var wakes = WakeList()
        var unread: (any Error)?
        let victims = state.withLock { state -> [Task<Void, Never>] in
            // Nobody reads it any more; that a body was cancelled is no failure.
            guard !state.isCancelled else {
                unread = error
                return []
            }
            if let failure = state.failure, order == .unordered || failure.index < index { return [] }
            let victims = state.fail(at: index, error, order: order)
            state.idle.grantAll(into: &wakes)
            state.reader.grantAll(into: &wakes)
            return victims
        }
        for victim in victims { victim.cancel() }
        wakes.resume()
        report(unread)
    }

    /// Tells the observer of unobserved errors what no loop reads; cancellations are none.
    private func report(_ error: (any Error)?) {
        if let error { UnobservedError.raise(error, from: "a concurrentMap whose loop has been left") }
    }

    @inlinable
    func work(_ worker: Int, _ transform: @Sendable (Input) async throws -> Output) async {
        var result: (index: Int, output: Output)?
        while true {
            switch exchange(worker, result.take()) {
            case .job(let job):
                do { result = (job.index, try await transform(job.input)) } catch {
                    return fail(job.index, error)
                }
            case .wait: await waitForJob()
            case .end: return
            }
        }
    }

    // MARK: Taking

    @usableFromInline
    enum Taken {
        case output(Output)
        case failure(any Error)
        case end
        case wait
    }

    @inlinable
    func take() -> Taken {
        var wakes = WakeList()
        let taken = state.withLock { state -> Taken in
            if !state.slots.isEmpty, case .done(let output) = state.slots[0] {
                _ = state.slots.popFirst()
                state.head += 1
                state.inFlight -= 1
                _ = state.reader.grantFirst(into: &wakes)
                return .output(output)
            }
            guard state.isThrough else { return .wait }
            if let failure = state.failure {
                state.isReported = true
                return .failure(failure.error)
            }
            return .end
        }
        wakes.resume()
        return taken
    }

    /// - Returns: `false` if the loop has been cancelled.
    @usableFromInline
    nonisolated(nonsending)
        func waitForOutput() async -> Bool
    {
        let waiter = Waiter(of: self, weight: 3)
        let outcome = await waiter.wait {
            state.withLock { state in
                state.isReady ? waiter.settle(.granted) : state.consumer.append(waiter)
            }
        }
        return outcome == .granted
    }

    @usableFromInline
    func cancel() {
        var wakes = WakeList()
        var unread: (any Error)?
        let tasks = state.withLock { state in
            state.isCancelled = true
            if !state.isReported { unread = state.failure?.error }
            state.isReported = true
            state.idle.grantAll(into: &wakes)
            state.reader.grantAll(into: &wakes)
            return state.workers + (state.driver.map { [$0] } ?? [])
        }
        for task in tasks { task.cancel() }
        wakes.resume()
        report(unread)
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        // The weight says which queue it is in.
        state.withLock { state in
            switch waiter.weight {
            case 1: _ = state.reader.withdraw(waiter, as: outcome, into: &wakes)
            case 2: _ = state.idle.withdraw(waiter, as: outcome, into: &wakes)
            default: _ = state.consumer.withdraw(waiter, as: outcome, into: &wakes)
            }
        }
        return wakes
    }
}

extension MapCore.State {
    /// Whether the loop has something to take, or nothing to wait for.
    @usableFromInline
    var isReady: Bool {
        if !slots.isEmpty, case .done = slots[0] { return true }
        return isThrough
    }

    /// - Returns: Whom to cancel, the reader included.
    @usableFromInline
    mutating func fail(at index: Int, _ error: any Error, order: MapCore.Order) -> [Task<Void, Never>] {
        failure = (index, error)
        var victims = driver.map { [$0] } ?? []
        for (worker, at) in current.enumerated() where at >= 0 && worker < workers.count {
            if order == .unordered ? at != index : at > index { victims.append(workers[worker]) }
        }
        return victims
    }
}
