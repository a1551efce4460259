public import Concerto

extension AsyncSequence {
    /// Arrays of `count` elements; the last one may be shorter. What has been gathered before a failure comes before it.
    ///
    /// - Allocates: an array for each chunk.
    /// - Throws: `ArgumentError` if `count` is below 1.
    @inlinable
    public func chunks(of count: Int) throws(ArgumentError) -> ChunkedSequence<Self> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        return ChunkedSequence(base: self, count: count)
    }
}

/// Arrays of elements of a stream; made by `chunks(of:)`.
public struct ChunkedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = [Base.Element]
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let count: Int

    @inlinable
    init(base: Base, count: Int) {
        self.base = base
        self.count = count
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let count: Int
        @usableFromInline var isThrough: Bool = false
        @usableFromInline var failure: Base.Failure?

        @inlinable
        init(base: Base.AsyncIterator, count: Int) {
            self.base = base
            self.count = count
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            if isThrough {
                guard let error = failure.take() else { return nil }
                throw error
            }
            var chunk: [Base.Element] = []
            chunk.reserveCapacity(Swift.min(count, 4_096))
            do throws(Base.Failure) {
                while chunk.count < count {
                    guard let element = try await base.next(isolation: actor) else {
                        isThrough = true
                        break
                    }
                    chunk.append(element)
                }
                // asynclint:ignore:next cancellation-shown-as-failure — thrown as it is by the next call
            } catch {
                isThrough = true
                if chunk.isEmpty { throw error }
                failure = error
            }
            return chunk.isEmpty ? nil : chunk
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), count: count)
    }
}

extension ChunkedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension ChunkedSequence.AsyncIterator: Sendable {}
