import ConcertoRuntime
import Synchronization

extension Task where Success == Never, Failure == Never {
    /// Waits until one of `awaitables` has ended, in whichever way, and returns it; the others run on.
    ///
    /// It never throws because the winner failed: ask the winner. Late failures of the others do not count as
    /// unobserved. To have losers cancelled and awaited use `race` or `firstSuccess`.
    /// - Cancellation: of the waiting task or of the token ends the wait with `CancellationError`; the tasks run on. An
    ///   input that has ended wins over a cancellation.
    /// - Ordering: if several have ended already, the first in input order.
    /// - Allocates: one callback for each input that has not ended; they are taken back.
    /// - Throws: ``ArgumentError`` if `awaitables` is empty.
    @inlinable
    nonisolated(nonsending)
        public static func whenAny<Input: Awaitable>(
            _ awaitables: [Input], cancellation: CancellationToken = .none
        ) async throws -> Input
    {
        awaitables[try await indexOfFirst(awaitables.map(\.handle), cancellation)]
    }

    /// Waits until one of `awaitables`, which may be of different kinds, has ended.
    ///
    /// The rules of cancellation and errors are those of the form that takes an array.
    @inlinable
    nonisolated(nonsending)
        public static func whenAny<Value: Sendable>(
            _ awaitables: [any Awaitable<Value>], cancellation: CancellationToken = .none
        ) async throws -> any Awaitable<Value>
    {
        awaitables[try await indexOfFirst(awaitables.map { $0.handle }, cancellation)]
    }

    /// Waits until one of the awaitables has ended, in whichever way, and returns it; the others run on.
    ///
    /// The rules of cancellation and errors are those of the form that takes an array.
    @inlinable
    nonisolated(nonsending)
        public static func whenAny<Input: Awaitable>(
            _ first: Input, _ others: Input..., cancellation: CancellationToken = .none
        ) async throws -> Input
    {
        try await whenAny([first] + others, cancellation: cancellation)
    }

    /// Waits until one of the awaitables, which may be of different kinds, has ended.
    ///
    /// The rules of cancellation and errors are those of the form that takes an array.
    @_disfavoredOverload
    @inlinable
    nonisolated(nonsending)
        public static func whenAny<Value: Sendable>(
            _ first: any Awaitable<Value>, _ others: any Awaitable<Value>..., cancellation: CancellationToken = .none
        ) async throws -> any Awaitable<Value>
    {
        try await whenAny([first] + others, cancellation: cancellation)
    }

    /// Starts all of `operations`, waits until one has ended, in whichever way, and returns its task; the others run on.
    ///
    /// As the form that takes a list of closures.
    /// - Throws: ``ArgumentError`` if `operations` is empty; `CancellationError` if the wait was cancelled.
    nonisolated(nonsending)
        public static func whenAny<Value: Sendable>(
            _ operations: [@Sendable () async throws -> Value], cancellation: CancellationToken = .none,
            fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> TaskHandle<Value>
    {
        try await whenAny(
            operations.map { Task.run(fileID: fileID, line: line, $0) }, cancellation: cancellation)
    }

    /// Starts all operations, waits until one has ended, in whichever way, and returns its task; the others run on.
    ///
    /// - Cancellation: of the waiting task or of the token ends the wait with `CancellationError`; the operations run on.
    ///   To have them cancelled and awaited use `race` or `firstSuccess`.
    /// - Where it runs: each operation in a task of its own on the process's executor, as `Task.run`.
    /// - Ordering: if several have ended already, the first in input order.
    /// - Allocates: what `Task.run` does, for each, and one callback for each.
    nonisolated(nonsending)
        public static func whenAny<Value: Sendable>(
            _ first: @escaping @Sendable () async throws -> Value, _ others: (@Sendable () async throws -> Value)...,
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> TaskHandle<Value>
    {
        try await whenAny([first] + others, cancellation: cancellation, fileID: fileID, line: line)
    }

    @usableFromInline
    nonisolated(nonsending)
        static func indexOfFirst<Value: Sendable>(
            _ handles: [TaskHandle<Value>], _ cancellation: CancellationToken
        ) async throws -> Int
    {
        guard !handles.isEmpty else {
            throw ArgumentError("awaitables", "empty", "whenAny needs at least one to wait for")
        }
        for handle in handles { handle.markObserved() }
        if let index = handles.firstIndex(where: \.isCompleted) { return index }
        let first = TaskHandle<Int>(promiseNamed: nil)
        let callbacks = handles.enumerated().map { index, handle in
            handle.addCallback(.synchronous) { _ in first.complete(.success(index)) }
        }
        // Without this, a task that outlives many of these waits would collect their callbacks.
        defer { for (handle, callback) in zip(handles, callbacks) { handle.removeCallback(callback) } }
        try await first.waitForEnd(cancellation)
        return try await first.value
    }
}

extension TaskHandle {
    /// Waits until the task has ended, however; only a cancellation of the wait throws.
    nonisolated(nonsending)
        func waitForEnd(_ cancellation: CancellationToken) async throws
    {
        if isCompleted { return }
        if Task<Never, Never>.isCancelled || cancellation.isCancellationRequested { throw CancellationError() }
        let waiter = Waiter(of: self)
        let outcome = await waiter.wait(WaitLimit(cancellation: cancellation)) {
            state.withLock { admit(waiter, &$0) }
        }
        if outcome == .cancelled { throw CancellationError() }
    }
}
