extension Task where Success == Never, Failure == Never {
    /// Runs `operation` for every element at the same time and returns the first success; the others are cancelled and
    /// waited for.
    ///
    /// - Cancellation: of the caller or the token cancels all, waits for them and throws `CancellationError`, unless one succeeds.
    /// - Where it runs: in child tasks, on the caller's task executor; on the pool if that is a context.
    /// - Throws: ``AggregateError`` with every failure in input order if none succeeds; `CancellationError` if there
    ///   were only cancellations; ``ArgumentError`` if `elements` is empty.
    nonisolated(nonsending)
        public static func firstSuccess<Element: Sendable, Value: Sendable>(
            of elements: some Sequence<Element>, cancellation: CancellationToken = .none,
            _ operation: @escaping @Sendable (Element) async throws -> Value
        ) async throws -> Value
    {
        try await firstSuccess(
            of: elements.map { element in { try await operation(element) } }, cancellation: cancellation)
    }

    /// Runs all of `operations` at the same time and returns the first success; the others are cancelled and waited
    /// for.
    ///
    /// See ``firstSuccess(of:cancellation:_:)``.
    nonisolated(nonsending)
        public static func firstSuccess<Value: Sendable>(
            of operations: [@Sendable () async throws -> Value], cancellation: CancellationToken = .none
        ) async throws -> Value
    {
        try requireSome(operations.count, "firstSuccess")
        return try await withCancellation(of: cancellation) {
            let (winner, outcomes) = await runUntil(operations) { outcome in
                if case .success = outcome { true } else { false }
            }
            if let winner, case .success(let value) = outcomes[winner] { return value }
            // Operations may have made errors of their own out of the caller's cancellation.
            if Task<Never, Never>.isCancelled { throw _Concurrency.CancellationError() }
            var failures = Failures()
            for case .failure(let error)? in outcomes { failures.add(error) }
            try failures.throwIfAny()
            throw _Concurrency.CancellationError()
        }
    }

    /// Runs `operation` for every element at the same time and ends as the first one that ends does, in whichever way;
    /// the others are cancelled and waited for.
    ///
    /// - Cancellation: of the caller or the token cancels all and waits for them.
    /// - Where it runs: in child tasks, on the caller's task executor; on the pool if that is a context.
    /// - Throws: what the winner throws; ``ArgumentError`` if `elements` is empty.
    nonisolated(nonsending)
        public static func race<Element: Sendable, Value: Sendable>(
            of elements: some Sequence<Element>, cancellation: CancellationToken = .none,
            _ operation: @escaping @Sendable (Element) async throws -> Value
        ) async throws -> Value
    {
        try await race(of: elements.map { element in { try await operation(element) } }, cancellation: cancellation)
    }

    /// Runs all of `operations` at the same time and ends as the first one that ends does; the others are cancelled
    /// and waited for.
    ///
    /// See ``race(of:cancellation:_:)``.
    nonisolated(nonsending)
        public static func race<Value: Sendable>(
            of operations: [@Sendable () async throws -> Value], cancellation: CancellationToken = .none
        ) async throws -> Value
    {
        try requireSome(operations.count, "race")
        let (winner, outcomes) = await withCancellation(of: cancellation) { await runUntil(operations) { _ in true } }
        return try outcomes[winner.unsafelyUnwrapped].unsafelyUnwrapped.get()
    }

    /// Runs all of `operations` at the same time and ends as the first one that ends does.
    ///
    /// See ``race(of:cancellation:_:)``.
    nonisolated(nonsending)
        public static func race<Value: Sendable>(
            _ first: @escaping @Sendable () async throws -> Value, _ others: (@Sendable () async throws -> Value)...,
            cancellation: CancellationToken = .none
        ) async throws -> Value
    {
        try await race(of: [first] + others, cancellation: cancellation)
    }

    /// Runs all of `operations` at the same time and returns the first success.
    ///
    /// See ``firstSuccess(of:cancellation:_:)``.
    nonisolated(nonsending)
        public static func firstSuccess<Value: Sendable>(
            _ first: @escaping @Sendable () async throws -> Value, _ others: (@Sendable () async throws -> Value)...,
            cancellation: CancellationToken = .none
        ) async throws -> Value
    {
        try await firstSuccess(of: [first] + others, cancellation: cancellation)
    }

    private static func requireSome(_ count: Int, _ name: String) throws {
        guard count > 0 else { throw ArgumentError("operations", "empty", "\(name) needs at least one") }
    }

    /// Runs all; cancels the rest when `decides` says so for one that ended, and waits for the rest.
    nonisolated(nonsending)
        private static func runUntil<Value: Sendable>(
            _ operations: [@Sendable () async throws -> Value], decides: (Result<Value, any Error>) -> Bool
        ) async -> (winner: Int?, outcomes: [Result<Value, any Error>?])
    {
        await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            let placement = TaskPlacement.ofChildren
            // asynclint:ignore:next unbounded-task-group — the caller gives the list; mapConcurrently bounds
            for (index, operation) in operations.enumerated() {
                group.addTask(executorPreference: placement) { (index, await capture(operation)) }
            }
            var outcomes = [Result<Value, any Error>?](repeating: nil, count: operations.count)
            var winner: Int?
            for await (index, outcome) in group {
                outcomes[index] = outcome
                if winner == nil && decides(outcome) {
                    winner = index
                    group.cancelAll()
                }
            }
            return (winner, outcomes)
        }
    }
}
