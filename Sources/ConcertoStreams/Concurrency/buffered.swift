public import Concerto

/// What a full buffer of a stream does with one more element.
public enum BufferFullMode: Sendable, Hashable {
    /// The source waits.
    case wait
    /// The oldest element goes.
    case dropOldest
    /// The newest element in the buffer goes.
    case dropNewest
    /// The element that comes goes.
    case dropWrite
    /// The stream fails with ``BufferOverflowError``, after what is in the buffer.
    case fail
}

/// A buffer that was to fail when it is full was full.
public struct BufferOverflowError: Error, Hashable, CustomStringConvertible {
    /// How many elements it holds.
    public let capacity: Int

    /// Creates an error.
    public init(capacity: Int) { self.capacity = capacity }

    /// What happened and what to do.
    public var description: String {
        "the buffer of \(capacity) elements was full and its stream is not to wait: read faster, buffer more, or drop"
    }
}

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Reads ahead: at most `count` elements, and one in hand, wait for the loop.
    ///
    /// - Cancellation: of the iterating task, or leaving the loop, cancels the source.
    /// - Where it runs: the source in a task of its own, from the first `next` on.
    /// - Ordering: as it comes; what is in the buffer comes before a failure.
    /// - Allocates: a task and a ring; nothing for an element.
    /// - Throws: `ArgumentError` if `count` is below 1.
    @inlinable
    public func buffered(_ count: Int) throws(ArgumentError) -> BufferedSequence<Self> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        return BufferedSequence(base: self, count: count)
    }

    /// Reads ahead, as `buffered(_:)` does, and says what happens when the loop is too slow.
    @inlinable
    public func buffered(
        _ count: Int, whenFull: BufferFullMode
    ) throws(ArgumentError) -> LossyBufferedSequence<Self> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        return LossyBufferedSequence(base: self, count: count, fullMode: whenFull)
    }

    /// Arrays of what is ready, at least one element and at most `count`: no element waits for others.
    ///
    /// It reads ahead as `buffered(_:)` does.
    @inlinable
    public func batched(upTo count: Int) throws(ArgumentError) -> BatchedSequence<Self> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        return BatchedSequence(base: self, count: count)
    }
}

/// A stream that is read ahead; made by `buffered(_:)`.
public struct BufferedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
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
        @usableFromInline let reader: ReadAheadReader<Element, Failure>

        @inlinable
        init(_ reader: ReadAheadReader<Element, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            try await reader.next(isolation: actor)
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let base = base
        return AsyncIterator(
            ReadAheadReader(share: count, [{ core throws(Failure) in try await core.pump(base, 0) }]))
    }
}

@available(*, unavailable)
extension BufferedSequence.AsyncIterator: Sendable {}

/// A stream that is read ahead and may lose elements; made by `buffered(_:whenFull:)`.
public struct LossyBufferedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws, or ``BufferOverflowError``.
    public typealias Failure = any Error

    @usableFromInline let base: Base
    @usableFromInline let count: Int
    @usableFromInline let fullMode: BufferFullMode

    @inlinable
    init(base: Base, count: Int, fullMode: BufferFullMode) {
        self.base = base
        self.count = count
        self.fullMode = fullMode
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: FunnelReader<Element, Failure>

        @inlinable
        init(_ reader: FunnelReader<Element, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            try await reader.next(isolation: actor)
        }
    }

    @inlinable
    func run(_ funnel: Funnel<Element, Failure>) async {
        do {
            var iterator = base.makeAsyncIterator()
            while let element = try await iterator.next(isolation: nil) {
                if fullMode == .fail {
                    guard funnel.channel.tryWrite(element) else { throw BufferOverflowError(capacity: count) }
                } else {
                    guard await funnel.put(element) else { return }
                }
            }
        } catch {
            funnel.fail(error, source: 0)
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let sequence = self
        let mode: ChannelFullMode =
            switch fullMode {
            case .wait, .fail: .wait
            case .dropOldest: .dropOldest
            case .dropNewest: .dropNewest
            case .dropWrite: .dropWrite
            }
        return AsyncIterator(
            FunnelReader(Funnel(capacity: count, fullMode: mode)) { funnel in
                funnel.drive { await sequence.run(funnel) }
            })
    }
}

@available(*, unavailable)
extension LossyBufferedSequence.AsyncIterator: Sendable {}

/// What is ready, in arrays; made by `batched(upTo:)`.
public struct BatchedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
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

    /// Yields the arrays.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: ReadAheadReader<Base.Element, Failure>
        @usableFromInline let count: Int

        @inlinable
        init(_ reader: ReadAheadReader<Base.Element, Failure>, count: Int) {
            self.reader = reader
            self.count = count
        }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next array.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            guard let first = try await reader.next(isolation: actor) else { return nil }
            var batch = [first]
            while batch.count < count, let element = reader.nextIfReady() { batch.append(element) }
            return batch
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let base = base
        return AsyncIterator(
            ReadAheadReader(share: count, [{ core throws(Failure) in try await core.pump(base, 0) }]),
            count: count)
    }
}

@available(*, unavailable)
extension BatchedSequence.AsyncIterator: Sendable {}
