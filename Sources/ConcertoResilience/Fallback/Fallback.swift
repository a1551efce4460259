/// Replaces a failure by a value of the caller's choice.
///
/// ```swift
/// ResiliencePipeline {
///     Fallback { error in Quote.stale }
///     Retry()
/// }
/// ```
///
/// The value must have the type that the caller of `execute` waits for; otherwise ``MissingResultError`` is thrown.
///
/// - Cancellation: neither a failure nor a result is replaced in a cancelled task.
/// - Where it runs: the action on the caller's executor, after the operation has ended. It finds the execution's
///   ``ResilienceContext/current``, so a pipeline that it runs inherits the deadline.
/// - Allocates: a pipeline with a fallback keeps each result in a box: one or two allocations an execution.
public struct Fallback: ResilienceStrategy {
    private let action: @Sendable (any Error) async throws -> any Sendable
    private let shouldHandle: @Sendable (any Error) -> Bool
    private let handlesResult: ResultPredicate?
    private let name: String?
    private let telemetry: ResilienceTelemetry

    /// Creates a fallback.
    ///
    /// - Parameters:
    ///   - name: For telemetry.
    ///   - shouldHandle: Which errors are replaced. Default: all but `CancellationError`.
    ///   - results: Which results are replaced; `action` gets an ``UnwantedResultError``. Default: none.
    ///   - telemetry: Where replacements are reported.
    ///   - action: Makes the value; what it throws is thrown instead of the error.
    public init<Value: Sendable>(
        name: String? = nil, shouldHandle: @escaping @Sendable (any Error) -> Bool = { !($0 is CancellationError) },
        results: ResultPredicate? = nil, telemetry: ResilienceTelemetry = .shared,
        _ action: @escaping @Sendable (any Error) async throws -> Value
    ) {
        self.action = action
        self.shouldHandle = shouldHandle
        handlesResult = results
        self.name = name
        self.telemetry = telemetry
    }

    /// Looks at results and replaces them.
    public var inspectsResults: Bool { true }

    /// Calls its body at once, or says that time has passed.
    @inlinable
    public var _keepsReading: Bool { true }

    /// Runs `body`, and the action if it fails.
    nonisolated(nonsending)
        public func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
    {
        let failure: any Error
        do {
            try await body(context)
            guard let handlesResult, !Task.isCancelled,
                context.bound({ handlesResult.matches(context.result) })
            else { return }
            failure = UnwantedResultError()
        } catch {
            guard !Task.isCancelled, context.bound({ shouldHandle(error) }) else { throw error }
            failure = error
        }
        if telemetry.isActive {
            telemetry.emit(ResilienceEvent(.fallback, .warning, strategy: name, context: context, error: failure))
        }
        let value: any Sendable = try await context.awaiting { try await action(failure) }
        context.result = value
    }
}

/// What a ``Fallback`` is told when it replaces a result and not an error.
public struct UnwantedResultError: Error, Hashable, CustomStringConvertible {
    /// Creates the error.
    public init() {}

    /// What happened.
    public var description: String { "the operation returned a result that counts as a failure" }
}

extension ResilienceStrategy {
    /// Runs `body` under this strategy, and `fallback` if that fails: the compiler sees to it that both give the same type.
    ///
    /// As a ``Fallback`` around everything, with its defaults: neither a `CancellationError` nor a failure in a cancelled
    /// task is replaced. Reports `fallback.used` to ``ResilienceTelemetry/shared``.
    ///
    /// - Parameters:
    ///   - operation: What is being done, for telemetry and messages.
    ///   - fallback: Makes the value; what it throws is thrown instead of the error.
    ///   - body: The operation.
    @inlinable
    nonisolated(nonsending)
        public func execute<T>(
            _ operation: String? = nil, fallback: nonisolated(nonsending) (any Error) async throws -> T,
            _ body: nonisolated(nonsending) () async throws -> T
        ) async throws -> T
    {
        let failure: any Error
        do {
            return try await execute(operation, body)
        } catch {
            guard !(error is CancellationError), !Task.isCancelled else { throw error }
            failure = error
        }
        reportFallback(operation, failure)
        return try await fallback(failure)
    }

    @usableFromInline
    func reportFallback(_ operation: String?, _ error: any Error) {
        let telemetry = ResilienceTelemetry.shared
        guard telemetry.isActive else { return }
        telemetry.emit(
            ResilienceEvent(.fallback, .warning, context: ResilienceContext(operation: operation), error: error))
    }
}
