extension ResilienceStrategy {
    /// Runs `body` under this strategy.
    ///
    /// - Cancellation: reaches `body`; the strategies stop at once and throw `CancellationError`.
    /// - Where it runs: `body` and everything else on the caller's executor.
    /// - Allocates: nothing for the box; what the strategies say they allocate.
    /// - Parameters:
    ///   - operation: What is being done, for telemetry and messages.
    ///   - body: The operation. It may run more than once, one run after the other.
    /// - Returns: What `body` returned, or what a fallback put in its place.
    /// - Throws: What `body` threw, or the error of the strategy that ended the execution.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute<T>(
            _ operation: String? = nil, _ body: nonisolated(nonsending) () async throws -> T
        ) async throws -> T
    {
        let context = ResilienceContext(inheriting: operation, reading: allowedReading)
        guard !inspectsResults else { return try await runInspecting(context) { _ in try await body() } }
        // As `run` does: `body` stands in the closure itself, because each closure around it costs a frame.
        var result: T?
        try await execute(context) { context in
            let isBound = context.bind()
            defer { ResilienceContext.unbind(isBound) }
            result = try await body()
        }
        guard let result else { throw MissingResultError(wanted: "\(T.self)", found: nil) }
        return result
    }

    /// Runs `body`, which is told its context, under this strategy; see `execute`.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute<T>(
            _ operation: String? = nil, _ body: nonisolated(nonsending) (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        try await run(ResilienceContext(inheriting: operation, reading: allowedReading), body)
    }

    /// Runs `body` in a context that the caller has made: with properties or a deadline of its own.
    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        public func execute<T>(
            in context: ResilienceContext, _ body: nonisolated(nonsending) (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        var context = context.with(reading: allowedReading)
        context.mustBind = true
        if context.isOfAnyClock { context.settleDeadline(on: _clock) }
        return try await run(context, body)
    }

    /// Whether readings may be handed on within this strategy; see ``ResilienceContext/reading``.
    @inlinable var allowedReading: TimerInstant {
        _keepsReading ? ResilienceContext.unread : ResilienceContext.noReading
    }

    @inlinable
    @inline(__always)
    nonisolated(nonsending)
        func run<T>(
            _ context: ResilienceContext, _ body: nonisolated(nonsending) (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        guard !inspectsResults else { return try await runInspecting(context, body) }
        var result: T?
        try await execute(context) { context in
            let isBound = context.bind()
            defer { ResilienceContext.unbind(isBound) }
            result = try await body(context.with(reading: ResilienceContext.noReading))
        }
        guard let result else { throw MissingResultError(wanted: "\(T.self)", found: nil) }
        return result
    }

    /// Runs `body`; returns what `execute` returns or throws, and never throws.
    @inlinable
    nonisolated(nonsending)
        public func executeOutcome<T>(
            _ operation: String? = nil, _ body: nonisolated(nonsending) (ResilienceContext) async throws -> T
        ) async -> Result<T, any Error>
    {
        do {
            return .success(try await execute(operation, body))
        } catch {
            return .failure(error)
        }
    }

    /// Runs a body that throws only `Failure`, and keeps that type.
    ///
    /// Swift 6.3 does not infer typed throws for closures: write `{ () async throws(MyError) -> Value in … }`.
    ///
    /// - Throws: ``ResilienceError/failure(_:)`` with the body's error, ``ResilienceError/rejected(_:)`` with a
    ///   strategy's or with `CancellationError`.
    @inlinable
    nonisolated(nonsending)
        public func execute<T, Failure: Error>(
            throwing: Failure.Type, _ operation: String? = nil,
            _ body: nonisolated(nonsending) () async throws(Failure) -> T
        ) async throws(ResilienceError<Failure>) -> T
    {
        do {
            return try await execute(operation) { _ in try await body() }
        } catch {
            if let failure = error as? Failure { throw .failure(failure) }
            throw .rejected(error)
        }
    }

    @usableFromInline
    nonisolated(nonsending)
        func runInspecting<T>(
            _ context: ResilienceContext, _ body: nonisolated(nonsending) (ResilienceContext) async throws -> T
        ) async throws -> T
    {
        var context = context
        let slot = ContextExtras(keepingResultsBeside: context.extras)
        context.extras = slot
        try await execute(context) { context in
            slot.result = nil
            var value: T?
            do {
                let isBound = context.bind()
                defer { ResilienceContext.unbind(isBound) }
                value = try await body(context.with(reading: ResilienceContext.noReading))
            }
            slot.result = value
        }
        // Unwrapped first: an optional as a whole is an `Any` too.
        guard let found = slot.result, let result = found as? T else {
            throw MissingResultError(wanted: "\(T.self)", found: slot.result.map { "\(type(of: $0))" })
        }
        return result
    }
}

/// A strategy returned without a result of the type that the caller waits for.
///
/// A ``Fallback`` gave a value of another type, or an own strategy neither ran its body nor threw.
public struct MissingResultError: Error, CustomStringConvertible {
    /// The type that the caller waits for.
    public let wanted: String
    /// The type of what there was, or `nil` if there was nothing.
    public let found: String?

    @usableFromInline
    init(wanted: String, found: String?) {
        self.wanted = wanted
        self.found = found
    }

    /// Says which strategy to look for.
    public var description: String {
        let cause = found.map { "a fallback gave a \($0)" } ?? "a strategy neither ran its body nor threw"
        return "The execution was to return a \(wanted), but \(cause)."
    }
}
