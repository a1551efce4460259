/// The tickets of a concurrent map by keys; made by `concurrentMap(limit:partitionedBy:_:)`.
///
/// Each iteration has lanes of its own: what an iteration that failed or was left has not worked on, the next one would wait
/// for.
public struct KeyedSequence<Base: AsyncSequence & Sendable, Key: Hashable & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// An element and whom it waits for.
    public typealias Element = KeyLanes<Key>.Ticket<Base.Element>
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let key: @Sendable (Base.Element) -> Key

    @inlinable
    init(base: Base, key: @escaping @Sendable (Base.Element) -> Key) {
        self.base = base
        self.key = key
    }

    /// Yields the tickets.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let key: @Sendable (Base.Element) -> Key
        @usableFromInline let lanes = KeyLanes<Key>()

        @inlinable
        init(base: Base.AsyncIterator, key: @escaping @Sendable (Base.Element) -> Key) {
            self.base = base
            self.key = key
        }

        /// The next ticket.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next ticket.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            guard let element = try await base.next(isolation: actor) else { return nil }
            return lanes.ticket(for: element, of: key(element))
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator(), key: key) }
}
