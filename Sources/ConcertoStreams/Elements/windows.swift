public import Concerto

extension AsyncSequence {
    /// Arrays of `count` neighbours, each `step` elements after the one before: of 2 3 4 5 with 3, 2 3 4 and 3 4 5. Only full
    /// windows.
    ///
    /// - Allocates: an array for each window.
    /// - Throws: `ArgumentError` if `count` or `step` is below 1.
    @inlinable
    public func windows(of count: Int, step: Int = 1) throws(ArgumentError) -> WindowedSequence<Self> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        guard step >= 1 else { throw ArgumentError("step", step, "it must be at least 1") }
        return WindowedSequence(base: self, count: count, step: step)
    }
}

/// Neighbours of a stream; made by `windows(of:step:)`.
public struct WindowedSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = [Base.Element]
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let count: Int
    @usableFromInline let step: Int

    @inlinable
    init(base: Base, count: Int, step: Int) {
        self.base = base
        self.count = count
        self.step = step
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline var base: Base.AsyncIterator
        @usableFromInline let count: Int
        @usableFromInline let step: Int
        @usableFromInline var window: [Base.Element] = []
        @usableFromInline var skip: Int = 0

        @inlinable
        init(base: Base.AsyncIterator, count: Int, step: Int) {
            self.base = base
            self.count = count
            self.step = step
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Base.Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Base.Failure) -> Element? {
            while let element = try await base.next(isolation: actor) {
                if skip > 0 {
                    skip -= 1
                    continue
                }
                window.append(element)
                guard window.count == count else { continue }
                let full = window
                if step < count {
                    window.removeFirst(step)
                } else {
                    window.removeAll(keepingCapacity: true)
                    skip = step - count
                }
                return full
            }
            return nil
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), count: count, step: step)
    }
}

extension WindowedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension WindowedSequence.AsyncIterator: Sendable {}
