public import Concerto

extension AsyncSequence {
    /// Every element once: what has been seen before is dropped.
    ///
    /// - Parameters:
    ///   - limit: How many different keys are remembered at most. Beyond it the oldest is forgotten, and comes through
    ///     again if it comes again: memory stays bounded.
    ///   - key: What of an element counts.
    /// - Allocates: a table of at most `limit` keys.
    /// - Throws: `ArgumentError` if `limit` is below 1.
    @inlinable
    public func distinct<Key: Hashable>(
        limit: Int, by key: @escaping @Sendable (Element) -> Key
    ) throws(ArgumentError) -> DistinctSequence<Self, Key> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return DistinctSequence(base: self, limit: limit, key: key)
    }

    /// Every element once; see ``distinct(limit:by:)``.
    @inlinable
    public func distinct(limit: Int) throws(ArgumentError) -> DistinctSequence<Self, Element>
    where Element: Hashable & SendableMetatype {
        try distinct(limit: limit) { $0 }
    }
}

/// Every element of a stream once; made by `distinct(limit:by:)`.
public struct DistinctSequence<Base: AsyncSequence, Key: Hashable>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let limit: Int
    @usableFromInline let key: @Sendable (Base.Element) -> Key

    @inlinable
    init(base: Base, limit: Int, key: @escaping @Sendable (Base.Element) -> Key) {
        self.base = base
        self.limit = limit
        self.key = key
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let limit: Int
        @usableFromInline let key: @Sendable (Base.Element) -> Key
        @usableFromInline var seen: Set<Key> = []
        @usableFromInline var order: [Key] = []
        @usableFromInline var oldest: Int = 0

        @inlinable
        init(base: Base.AsyncIterator, limit: Int, key: @escaping @Sendable (Base.Element) -> Key) {
            self.base = base
            self.limit = limit
            self.key = key
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            while let element = try await base.next(isolation: actor) {
                let key = key(element)
                guard seen.insert(key).inserted else { continue }
                if order.count < limit {
                    order.append(key)
                } else {
                    seen.remove(order[oldest])
                    order[oldest] = key
                    oldest = oldest + 1 == limit ? 0 : oldest + 1
                }
                return element
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), limit: limit, key: key)
    }
}

extension DistinctSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension DistinctSequence.AsyncIterator: Sendable {}
