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
        /// The workers; `nil` for one that is being started.
        @usableFromInline var workers: [Task<Void, Never>?] = []
        /// What each worker is at; -1 if nothing.
        @usableFromInline var current: [Int] = []
        /// How many workers have been woken or started and have not asked for a job yet.
        ///
        /// While one comes nobody else is woken: it takes the first job, and calls the next if there is more. So work that
        /// ends at once is done by few, and work that takes its time by all.
        @usableFromInline var coming = 0
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
        let (isOver, hasRoom) = state.withLock { ($0.isOver, $0.inFlight < limit) }
        if isOver { return false }
        if hasRoom { return true }
        return await waitForRoomSlowly()
    }

    @usableFromInline
    func waitForRoomSlowly() async -> Bool {
        let waiter = Waiter(of: self, weight: 1)
        _ = await waiter.wait {
            state.withLock { state in
                state.inFlight < limit || state.isOver ? waiter.settle(.granted) : state.reader.append(waiter)
            }
        }
        return state.withLock { !$0.isOver && $0.inFlight < limit }
    }

    /// Takes in an element that has been read.
    ///
    /// - Returns: The number of a worker to start, and whether there is room for one more element.
    @inlinable
    func add(_ input: Input) -> (newWorker: Int?, hasRoom: Bool) {
        var wakes = WakeList()
        let added = state.withLock { state in
            state.jobs.append(Job(index: state.tail, input: input))
            if order == .ordered { state.slots.append(.running) }
            state.tail += 1
            state.inFlight += 1
            let newWorker = state.coming == 0 ? state.callWorker(limit, into: &wakes) : nil
            return (newWorker, !state.isOver && state.inFlight < limit)
        }
        wakes.resume()
        return added
    }

    /// Starts worker `number`, for which `callWorker` has made a place.
    @inlinable
    func startWorker(
        _ number: Int, on placement: (any TaskExecutor)?, _ work: @escaping @Sendable (Int) async -> Void
    ) {
        let task = StreamTask.start(on: placement) { await work(number) }
        let isVictim = state.withLock { state in
            state.workers[number] = task
            return state.isCancelled || state.isVictim(number, order: order)
        }
        if isVictim { task.cancel() }
    }

    /// Says that the source has ended, and waits until all workers have.
    @usableFromInline
    func endReading(_ error: (any Error)?) async {
        var wakes = WakeList()
        var victims: [Task<Void, Never>] = []
        var unread: (any Error)?
        state.withLock { state in
            state.hasEnded = true
            if state.isCancelled { unread = error }
            if let error, !state.isCancelled, state.failure == nil {
                victims = state.fail(at: state.tail, error, order: order)
            }
            state.idle.grantAll(into: &wakes)
        }
        for victim in victims { victim.cancel() }
        wakes.resume()
        report(unread)
        // Workers start workers, always after themselves: whoever started the next has recorded it before it ended.
        var number = 0
        while let worker = state.withLock({ $0.workers.count > number ? $0.workers[number] : nil }) {
            await worker.value
            number += 1
        }
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
    ///
    /// - Returns: The job, and the number of a worker to start.
    @inlinable
    func exchange(_ worker: Int, _ result: (index: Int, output: Output)?) -> (Next, newWorker: Int?) {
        var wakes = WakeList()
        let exchanged = state.withLock { state -> (Next, Int?) in
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
            if result == nil, state.coming > 0 { state.coming -= 1 }
            state.current[worker] = -1
            guard !state.isCancelled else { return (.end, nil) }
            while let job = state.jobs.popFirst() {
                if let failure = state.failure, order == .unordered || job.index > failure.index { continue }
                state.current[worker] = job.index
                if state.jobs.isEmpty {
                    if state.inFlight < limit { _ = state.reader.grantFirst(into: &wakes) }
                    return (.job(job), nil)
                }
                return (.job(job), state.coming == 0 ? state.callWorker(limit, into: &wakes) : nil)
            }
            return (state.hasEnded || state.failure != nil ? .end : .wait, nil)
        }
        wakes.resume()
        return exchanged
    }

    @usableFromInline
    func waitForJob() async {
        let waiter = Waiter(of: self, weight: 2)
        _ = await waiter.wait {
            state.withLock { state in
                guard !state.jobs.isEmpty || state.hasEnded || state.isOver else { return state.idle.append(waiter) }
                state.coming += 1
                return waiter.settle(.granted)
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
    func work(
        _ worker: Int, on placement: (any TaskExecutor)?,
        _ transform: @escaping @Sendable (Input) async throws -> Output
    ) async {
        var result: (index: Int, output: Output)?
        while true {
            let (next, newWorker) = exchange(worker, result.take())
            if let newWorker {
                startWorker(newWorker, on: placement) { [self] in await work($0, on: placement, transform) }
            }
            switch next {
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
                // While there are jobs whom nobody works on yet there is no need of more.
                if state.jobs.isEmpty { _ = state.reader.grantFirst(into: &wakes) }
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
            return state.workers.compactMap { $0 } + (state.driver.map { [$0] } ?? [])
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

    /// Whether nothing more is read.
    @inlinable
    var isOver: Bool { isCancelled || failure != nil }

    /// Wakes an idle worker or makes a place for a new one; called when there is a job that nobody comes for.
    ///
    /// - Returns: The number of a worker to start.
    @inlinable
    mutating func callWorker(_ limit: Int, into wakes: inout WakeList) -> Int? {
        if idle.grantFirst(into: &wakes) {
            coming += 1
            return nil
        }
        guard workers.count < limit else { return nil }
        coming += 1
        workers.append(nil)
        current.append(-1)
        return workers.count - 1
    }

    /// Whether what `worker` is at is in vain since the failure.
    @usableFromInline
    func isVictim(_ worker: Int, order: MapCore.Order) -> Bool {
        guard let failure, current[worker] >= 0 else { return false }
        return order == .unordered ? current[worker] != failure.index : current[worker] > failure.index
    }

    /// - Returns: Whom to cancel, the reader included.
    @usableFromInline
    mutating func fail(at index: Int, _ error: any Error, order: MapCore.Order) -> [Task<Void, Never>] {
        failure = (index, error)
        var victims = driver.map { [$0] } ?? []
        for (number, worker) in workers.enumerated() where isVictim(number, order: order) {
            // One that is being started is asked about again when it is recorded.
            if let worker { victims.append(worker) }
        }
        return victims
    }
}
