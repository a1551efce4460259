extension Task where Success == Never, Failure == Never {
    /// Waits until all of `awaitables` have ended and returns their values in input order.
    ///
    /// It never returns early: if one has failed and another still runs, it waits. The same task may appear twice.
    /// - Cancellation: of the waiting task or of the token ends the wait with `CancellationError`; the tasks run on.
    ///   Inputs that have all ended win over a cancellation.
    /// - Ordering: values and errors in input order, whatever the order in which the tasks ended.
    /// - Throws: ``AggregateError`` with every failure if there is one, also when it is the only one; cancelled inputs
    ///   are then left out. `CancellationError` if inputs were cancelled and none failed.
    @inlinable
    nonisolated(nonsending)
        public static func whenAll<Input: Awaitable>(
            _ awaitables: [Input], cancellation: CancellationToken = .none
        ) async throws -> [Input.Success]
    {
        try await whenAll(handles: awaitables.map(\.handle), cancellation)
    }

    /// Waits until all of `awaitables`, which may be of different kinds, have ended.
    ///
    /// See `whenAll` of an array.
    @inlinable
    nonisolated(nonsending)
        public static func whenAll<Value: Sendable>(
            _ awaitables: [any Awaitable<Value>], cancellation: CancellationToken = .none
        ) async throws -> [Value]
    {
        try await whenAll(handles: awaitables.map { $0.handle }, cancellation)
    }

    /// Waits until all of `awaitables`, which may bring values of different types, have ended.
    ///
    /// See `whenAll` of an array.
    nonisolated(nonsending)
        public static func whenAll<First: Awaitable, each Input: Awaitable>(
            _ first: First, _ awaitables: repeat each Input, cancellation: CancellationToken = .none
        ) async throws -> (First.Success, repeat (each Input).Success)
    {
        var failures = Failures()
        func observe<Value>(_ handle: TaskHandle<Value>) async throws {
            if case .failure(let error) = try await handle.waitForOutcome(cancellation) { failures.add(error) }
        }
        let firstHandle = first.handle
        let handles = (repeat (each awaitables).handle)
        firstHandle.markObserved()
        repeat (each handles).markObserved()
        try await observe(firstHandle)
        repeat try await observe(each handles)
        try failures.throwIfAny()
        return (try await firstHandle.value, repeat try await (each handles).value)
    }

    /// Runs all of `operations` at the same time and returns their values in input order.
    ///
    /// Structured: it waits for all of them, also when one fails or the caller is cancelled.
    /// - Cancellation: of the caller or the token cancels the operations, and they are waited for.
    /// - Where it runs: in child tasks, on the caller's task executor; on the pool if that is a context.
    /// - Ordering: values and errors in input order.
    /// - Throws: as `whenAll` of an array.
    nonisolated(nonsending)
        public static func whenAll<Value: Sendable>(
            _ operations: [@Sendable () async throws -> Value], cancellation: CancellationToken = .none
        ) async throws -> [Value]
    {
        let outcomes = await withCancellation(of: cancellation) {
            await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
                let placement = TaskPlacement.ofChildren
                // asynclint:ignore:next unbounded-task-group — the caller gives the list; mapConcurrently bounds
                for (index, operation) in operations.enumerated() {
                    group.addTask(executorPreference: placement) { (index, await capture(operation)) }
                }
                var outcomes = [Result<Value, any Error>?](repeating: nil, count: operations.count)
                for await (index, outcome) in group { outcomes[index] = outcome }
                return outcomes
            }
        }
        return try Failures.unwrap(outcomes.lazy.map { $0.unsafelyUnwrapped })
    }

    /// Runs all of `operations` at the same time; as the form that takes an array of closures.
    nonisolated(nonsending)
        public static func whenAll<Value: Sendable>(
            _ first: @escaping @Sendable () async throws -> Value, _ others: (@Sendable () async throws -> Value)...,
            cancellation: CancellationToken = .none
        ) async throws -> [Value]
    {
        try await whenAll([first] + others, cancellation: cancellation)
    }

    @usableFromInline
    nonisolated(nonsending)
        static func whenAll<Value: Sendable>(
            handles: [TaskHandle<Value>], _ cancellation: CancellationToken
        ) async throws -> [Value]
    {
        // Being an input observes, also if this wait is cancelled before the failure comes.
        for handle in handles { handle.markObserved() }
        var outcomes: [Result<Value, any Error>] = []
        outcomes.reserveCapacity(handles.count)
        for handle in handles { outcomes.append(try await handle.waitForOutcome(cancellation)) }
        return try Failures.unwrap(outcomes)
    }
}

/// Runs `operation` and keeps how it ended.
func capture<Value>(_ operation: @Sendable () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await operation()) } catch { return .failure(error) }
}

/// What went wrong in a combinator: failures in input order, and whether there were cancellations.
struct Failures {
    private var errors: [any Error] = []
    private var wasCancelled = false

    mutating func add(_ error: any Error) {
        if error is CancellationError { wasCancelled = true } else { errors.append(error) }
    }

    func throwIfAny() throws {
        guard errors.isEmpty else { throw AggregateError(errors) }
        if wasCancelled { throw CancellationError() }
    }

    static func unwrap<Value>(_ outcomes: some Sequence<Result<Value, any Error>>) throws -> [Value] {
        var failures = Failures()
        var values: [Value] = []
        values.reserveCapacity(outcomes.underestimatedCount)
        for outcome in outcomes {
            switch outcome {
            case .success(let value): values.append(value)
            case .failure(let error): failures.add(error)
            }
        }
        try failures.throwIfAny()
        return values
    }
}

extension TaskHandle {
    /// Waits for the end; only a cancellation of the wait throws.
    nonisolated(nonsending)
        func waitForOutcome(_ cancellation: CancellationToken) async throws -> Result<Success, any Error>
    {
        if !isCompleted { try await waitForEnd(cancellation) }
        return await outcome
    }
}
