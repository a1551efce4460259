/// What a stream does, as a value.
public enum StreamEvent<Element, Failure: Error> {
    /// An element has come.
    case element(Element)
    /// The stream has failed; nothing follows.
    case failure(Failure)
    /// The stream has ended; nothing follows.
    case end
}

extension StreamEvent: Sendable where Element: Sendable {}
extension StreamEvent: Equatable where Element: Equatable, Failure: Equatable {}
extension StreamEvent: Hashable where Element: Hashable, Failure: Hashable {}

extension AsyncSequence {
    /// Elements, failure and end as values: the stream itself does not fail.
    ///
    /// - Cancellation: is the source's; what that throws then comes as a value too.
    /// - Where it runs: on the caller's executor.
    /// - Allocates: nothing.
    @inlinable
    public func materialized() -> MaterializedSequence<Self> { MaterializedSequence(base: self) }

    /// Makes a stream of what has been materialized: the first failure is thrown, the first end ends it.
    @inlinable
    public func dematerialized<Value, Thrown: Error>() -> DematerializedSequence<Self, Value, Thrown>
    where Element == StreamEvent<Value, Thrown>, Failure == Never {
        DematerializedSequence(base: self)
    }
}

/// What a stream does, as values; made by `materialized()`.
public struct MaterializedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = StreamEvent<Base.Element, Base.Failure>
    /// It does not fail.
    public typealias Failure = Never

    @usableFromInline let base: Base

    @inlinable
    init(base: Base) { self.base = base }

    /// Yields the events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline var isThrough = false

        @inlinable
        init(base: Base.AsyncIterator) { self.base = base }

        /// The next event.
        @inlinable
        public mutating func next() async -> Element? { await next(isolation: nil) }

        /// The next event.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Element? {
            if isThrough { return nil }
            do throws(Base.Failure) {
                if let element = try await base.next(isolation: actor) { return .element(element) }
                isThrough = true
                return .end
            } catch {
                isThrough = true
                return .failure(error)
            }
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }
}

extension MaterializedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension MaterializedSequence.AsyncIterator: Sendable {}

/// What values say that a stream does; made by `dematerialized()`.
public struct DematerializedSequence<Base: AsyncSequence, Element, Failure: Error>: AsyncSequence
where Base.Element == StreamEvent<Element, Failure>, Base.Failure == Never {
    @usableFromInline let base: Base

    @inlinable
    init(base: Base) { self.base = base }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline var isThrough = false

        @inlinable
        init(base: Base.AsyncIterator) { self.base = base }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            if isThrough { return nil }
            switch await base.next(isolation: actor) {
            case .element(let element): return element
            case .failure(let failure):
                isThrough = true
                throw failure
            case .end, nil:
                isThrough = true
                return nil
            }
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }
}

extension DematerializedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension DematerializedSequence.AsyncIterator: Sendable {}
