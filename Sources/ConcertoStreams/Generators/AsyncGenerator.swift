public import Concerto
public import ConcertoRuntime

/// A stream that is written as a loop: `yield` hands out an element and goes on when the next one is asked for.
///
/// ```swift
/// let pages = AsyncGenerator<Page> { yield in
///     var next: URL? = first
///     while let url = next {
///         let page = try await client.page(at: url)
///         try await yield(page)
///         next = page.next
///     }
/// }
/// for try await page in pages { … }
/// ```
///
/// What .NET's async iterators do. Three speeds, with one body:
///
/// | how | the body runs | an element costs about |
/// |---|---|---|
/// | `for try await` | from one `yield` to the next while the loop waits for it, on the loop's own thread | 100 ns |
/// | `AsyncGenerator(ahead: 16)` | up to 16 elements early | 35 ns |
/// | ``forEach(_:)`` | inside the call; `yield` calls the closure | 10 ns |
///
/// Nothing runs before the first `next`. Each iteration runs the body anew. The body's `defer` blocks have run before the
/// statement after the loop, however the loop was left; with one difference from .NET: clean-up that really suspends goes on
/// by itself when a loop is left early, as Swift has no asynchronous end of an iterator. ``forEach(_:)`` awaits it.
///
/// - Cancellation: of the task that iterates cancels the body, and is waited for; `yield` throws `CancellationError`.
/// - Where it runs: on the thread of the loop until the body suspends for something else than `yield`: in a loop on the main
///   actor that is the main thread, so a body should not compute for long. Task-local values are those of the place where
///   the iteration began.
/// - Ordering: an iteration belongs to one task; a second `next` while one is under way ends the program with a message.
/// - Allocates: a task and three objects for an iteration, about 1.7 kB; nothing for an element.
public struct AsyncGenerator<Element: Sendable>: AsyncSequence, Sendable {
    /// What the body throws, or `CancellationError`.
    public typealias Failure = any Error

    @usableFromInline let ahead: Int
    @usableFromInline let body: nonisolated(nonsending) @Sendable (Yield<Element>) async throws -> Void

    /// Creates a generator that runs from `yield` to `yield` as its elements are asked for.
    ///
    /// - Parameter body: Makes the elements. Only the body itself may yield, not tasks that it starts.
    @inlinable
    public init(_ body: nonisolated(nonsending) @escaping @Sendable (Yield<Element>) async throws -> Void) {
        ahead = 1
        self.body = body
    }

    /// Creates a generator that runs early.
    ///
    /// - Parameters:
    ///   - ahead: How many elements it makes before they are asked for, at most: three times as fast with 16. The body runs on
    ///     to that many `yield`s further than the loop has come.
    ///   - body: Makes the elements.
    /// - Throws: `ArgumentError` if `ahead` is below 1.
    @inlinable
    public init(
        ahead: Int, _ body: nonisolated(nonsending) @escaping @Sendable (Yield<Element>) async throws -> Void
    ) throws(ArgumentError) {
        guard ahead >= 1 else { throw ArgumentError("ahead", ahead, "it must be at least 1") }
        self.ahead = ahead
        self.body = body
    }

    /// Starts an iteration; the body starts with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(ahead: ahead, body: body) }

    /// Runs the body and calls `each` from inside its `yield`.
    ///
    /// - Cancellation: reaches body and closure.
    /// - Where it runs: both on the caller's executor. Nothing is started; clean-up of the body is awaited.
    /// - Allocates: one object.
    /// - Throws: what `each` throws, also where the body catches it; what the body throws.
    @inlinable
    nonisolated(nonsending)
        public func forEach(
            _ each: nonisolated(nonsending) @escaping (Element) async throws -> Void
        ) async throws
    {
        let target = PushTarget(each)
        do {
            try await body(Yield(target))
        } catch {
            throw target.failure ?? error
        }
        if let failure = target.failure { throw failure }
    }

    /// Runs the body, step by step.
    public final class AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let core: GeneratorCore<Element>
        @usableFromInline var isThrough = false
        @usableFromInline var isStarted = false

        @inlinable
        init(
            ahead: Int, body: nonisolated(nonsending) @escaping @Sendable (Yield<Element>) async throws -> Void
        ) {
            core = GeneratorCore(ahead: ahead, body: body)
        }

        @inlinable
        deinit { if isStarted { core.leave() } }

        /// The next element: runs the body to its next `yield`.
        @inlinable
        public func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next element: runs the body to its next `yield`.
        ///
        /// - Throws: what the body throws; `CancellationError`. After that there is nothing more.
        @inlinable
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if isThrough { return nil }
            if isCurrentTaskCancelled() {
                isThrough = true
                if isStarted { core.leave() }
                throw CancellationError()
            }
            let isFirst = !isStarted
            if isFirst {
                isStarted = true
                core.start()
            }
            if core.isAhead {
                while true {
                    if let element = core.takeFromRing() { return element }
                    switch core.gate.advance(mayRun: true) {
                    case .parked: break
                    case .suspended: await core.waitForRing()
                    case .ended:
                        if let element = core.takeFromRing() { return element }
                        return try finish()
                    }
                }
            }
            while true {
                switch core.step(isFirst: isFirst) {
                case .parked: return core.slot.take()
                case .ended: return try finish()
                case .suspended:
                    await core.wait()
                    if let element = core.slot.take() { return element }
                }
            }
        }

        @usableFromInline
        func finish() throws -> Element? {
            isThrough = true
            if let failure = core.failure { throw failure }
            // The body may have ended because it was cancelled, and a loop has to see that.
            if isCurrentTaskCancelled() { throw CancellationError() }
            return nil
        }
    }
}

@available(*, unavailable)
extension AsyncGenerator.AsyncIterator: Sendable {}
