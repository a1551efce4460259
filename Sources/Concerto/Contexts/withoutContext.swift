/// Runs `body` on the process's executor instead of the ``SynchronizationContext`` that the caller is on, and comes back
/// afterwards: `ConfigureAwait(false)` as a scope.
///
/// ```swift
/// let report = try await withoutContext { try await buildReport() }      // continuations do not queue on the context
/// ```
///
/// - Cancellation: reaches `body` as it reaches the caller.
/// - Where it runs: on the process's executor; code isolated to an actor stays on its actor. Off a context it changes
///   nothing.
/// - Allocates: nothing; entering and leaving are two thread switches.
/// - Throws: What `body` throws.
public func withoutContext<Success: Sendable, Failure: Error>(
    _ body: @Sendable () async throws(Failure) -> Success
) async throws(Failure) -> Success {
    guard TaskPlacement.current is SynchronizationContext else { return try await body() }
    // A nil preference would stay on the context: the pool has to be named.
    return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(Failure) -> Success in
        try await body()
    }
}

/// How to wait for a task with ``TaskHandle/settled(_:)``.
public struct ConfigureAwaitOptions: OptionSet, Sendable {
    /// The bits, as in .NET.
    public let rawValue: Int

    /// Creates options from bits; bits that mean nothing are refused by ``TaskHandle/settled(_:)``.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Come back to the context the code is on; in Swift the default, and the meaning of an `await`.
    public static let continueOnCapturedContext = ConfigureAwaitOptions(rawValue: 1)
    /// Return normally also if the task failed or was cancelled; that counts as having observed the error.
    public static let suppressThrowing = ConfigureAwaitOptions(rawValue: 2)
    /// Give way once even if the task has ended.
    public static let forceYielding = ConfigureAwaitOptions(rawValue: 4)
}

extension TaskHandle {
    /// Waits until the task has ended, without its value.
    ///
    /// - Parameter options: How.
    /// - Throws: What the task throws, unless `suppressThrowing` says otherwise; ``ArgumentError`` for bits that mean
    ///   nothing.
    nonisolated(nonsending)
        public func settled(_ options: ConfigureAwaitOptions) async throws
    {
        guard options.rawValue & ~7 == 0 else {
            throw ArgumentError("options", options.rawValue, "only the bits 1, 2 and 4 mean something")
        }
        if options.contains(.forceYielding) && isCompleted { await Task<Never, Never>.yield() }
        let outcome = await outcome
        if !options.contains(.suppressThrowing) { _ = try outcome.get() }
    }
}
