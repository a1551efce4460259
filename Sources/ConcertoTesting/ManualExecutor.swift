import ConcertoRuntime

/// An executor that runs nothing until a test says so: one job at a time, in order or in a seeded random order.
///
/// A job is what a task does between two suspensions. Running jobs one by one makes every interleaving reproducible:
///
/// ```swift
/// let executor = ManualExecutor(order: .random(seed: seed))
/// let first = executor.task { try await lock.withLock { … } }
/// let second = executor.task { try await lock.withLock { … } }
/// executor.runUntilIdle()            // both are done, or both wait for something that will never come
/// ```
///
/// - Where it runs: jobs run on the thread that calls ``runOne()`` or ``runUntilIdle()``. Tasks leave the executor
///   when they enter an actor with an executor of its own, such as the main actor, and come back after it.
/// - Ordering: as ``Order`` says.
public final class ManualExecutor: TaskExecutor {
    /// Which of the jobs that are ready runs next.
    public enum Order: Sendable {
        /// The one that has been ready longest.
        case firstInFirstOut
        /// Any of them, as the seed decides.
        case random(seed: UInt64)
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var random: SeededRandom?
    }

    private let state: Guarded<State>

    /// Creates an executor.
    public init(order: Order = .firstInFirstOut) {
        switch order {
        case .firstInFirstOut: state = Guarded(State())
        case .random(let seed): state = Guarded(State(random: SeededRandom(seed: seed)))
        }
    }

    /// How many jobs are ready to run.
    public var pending: Int { state.withLock { $0.jobs.count } }

    /// Takes a job; called by the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Creates a task that runs on this executor, and so do the children it starts.
    @discardableResult
    public func task<Success: Sendable>(
        name: String? = nil, _ operation: sending @escaping () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(name: name, executorPreference: self, operation: operation)
    }

    /// Runs one job, if one is ready.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    public func runOne() -> Bool {
        let job = state.withLock { state -> UnownedJob? in
            guard !state.jobs.isEmpty else { return nil }
            guard state.random != nil else { return state.jobs.removeFirst() }
            let index = Int.random(in: state.jobs.indices, using: &state.random!)
            return state.jobs.remove(at: index)
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    /// Runs jobs until none is ready.
    ///
    /// - Returns: How many it ran.
    @discardableResult
    public func runUntilIdle() -> Int {
        var count = 0
        while runOne() { count += 1 }
        return count
    }

    /// Runs `operation` and every job that becomes ready until it has finished.
    ///
    /// - Throws: What `operation` throws; ``StalledError`` if no job is ready and it has not finished, which is how a
    ///   deadlock looks from here.
    public func run<Success: Sendable>(
        _ operation: sending @escaping () async throws -> Success
    ) throws -> Success {
        let outcome = Guarded<Result<Success, any Error>?>(nil)
        let box = OutcomeBox(outcome)
        task {
            let result: Result<Success, any Error>
            do { result = .success(try await operation()) } catch { result = .failure(error) }
            box.outcome.withLock { $0 = result }
        }
        while true {
            if let result = box.outcome.withLock({ $0 }) { return try result.get() }
            guard runOne() else { throw StalledError() }
        }
    }

    /// No job was ready and the operation had not finished: it waits for something that nobody will do.
    public struct StalledError: Error, CustomStringConvertible {
        /// What happened.
        public var description: String {
            "the operation has not finished and no job is ready: it waits for something nobody on this executor will do"
        }
    }
}

private final class OutcomeBox<Success: Sendable>: Sendable {
    let outcome: Guarded<Result<Success, any Error>?>

    init(_ outcome: consuming Guarded<Result<Success, any Error>?>) {
        self.outcome = outcome
    }
}
