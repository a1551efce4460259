public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The results of `transform`, of at most `limit` elements at a time.
    ///
    /// ```swift
    /// for try await user in try ids.concurrentMap(limit: 16, { try await fetch($0) }) { … }
    /// ```
    ///
    /// `limit` counts what runs and what waits for the loop; bodies go on while the loop is busy, as long as there is room.
    /// - Cancellation: of the iterating task, or leaving the loop, cancels source and bodies.
    /// - Where it runs: source and bodies in tasks of their own, from the first `next` on.
    /// - Ordering: results in the order of the elements; with `ordered: false` as they come.
    /// - Allocates: a task for the source and one for each worker, at most `limit`; nothing for an element.
    ///
    /// The first failure, of a body or the source, cancels what else runs and awaits it, and then comes out. In order, the
    /// results of the elements before it come first, and their bodies are not cancelled. What fails beside it is dropped; a
    /// failure that nobody reads, because the loop has been left, goes to `TaskHandle.onUnobservedError`.
    /// - Throws: `ArgumentError` if `limit` is below 1.
    @inlinable
    public func concurrentMap<Value: Sendable>(
        limit: Int, ordered: Bool = true, _ transform: @escaping @Sendable (Element) async throws -> Value
    ) throws(ArgumentError) -> ConcurrentMapSequence<Self, Value> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return ConcurrentMapSequence(base: self, limit: limit, isOrdered: ordered, transform: transform)
    }

    /// The results of `transform`, of at most `limit` elements at a time; elements with one key in order, one at a time.
    ///
    /// - Ordering: results as they come; those of one key in the order of their elements.
    /// - Parameters:
    ///   - limit: How many elements are in flight.
    ///   - key: Elements with equal keys are worked on one after the other; the others pass them.
    ///   - transform: Makes the results.
    @inlinable
    public func concurrentMap<Key: Hashable & Sendable, Value: Sendable>(
        limit: Int, partitionedBy key: @escaping @Sendable (Element) -> Key,
        _ transform: @escaping @Sendable (Element) async throws -> Value
    ) throws(ArgumentError) -> ConcurrentMapSequence<KeyedSequence<Self, Key>, Value> {
        try KeyedSequence(base: self, key: key).concurrentMap(limit: limit, ordered: false) { ticket in
            try await ticket.lanes.take(ticket)
            let value = try await transform(ticket.element)
            ticket.lanes.end(ticket)
            return value
        }
    }
}

extension Sequence where Self: Sendable, Element: Sendable {
    /// The results of `transform` as a stream; see
    /// `concurrentMap(limit:ordered:_:)`.
    @inlinable
    public func concurrentMap<Value: Sendable>(
        limit: Int, ordered: Bool = true, _ transform: @escaping @Sendable (Element) async throws -> Value
    ) throws(ArgumentError) -> ConcurrentMapSequence<SequenceStream<Self>, Value> {
        try asStream().concurrentMap(limit: limit, ordered: ordered, transform)
    }
}

/// The results of a concurrent map while they come; made by `concurrentMap(limit:ordered:_:)`.
public struct ConcurrentMapSequence<Base: AsyncSequence & Sendable, Element: Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
    /// What a body or the source throws, or `CancellationError`.
    public typealias Failure = any Error

    @usableFromInline let base: Base
    @usableFromInline let limit: Int
    @usableFromInline let isOrdered: Bool
    @usableFromInline let transform: @Sendable (Base.Element) async throws -> Element

    @inlinable
    init(
        base: Base, limit: Int, isOrdered: Bool,
        transform: @escaping @Sendable (Base.Element) async throws -> Element
    ) {
        self.base = base
        self.limit = limit
        self.isOrdered = isOrdered
        self.transform = transform
    }

    /// Starts to work with the first `next` and yields the results; dropping it cancels the work.
    public final class AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let core: MapCore<Base.Element, Element>
        @usableFromInline var sequence: ConcurrentMapSequence?
        @usableFromInline var isThrough = false

        @inlinable
        init(_ sequence: ConcurrentMapSequence) {
            core = MapCore(limit: sequence.limit, order: sequence.isOrdered ? .ordered : .unordered)
            self.sequence = sequence
        }

        @inlinable
        deinit { if sequence == nil { core.cancel() } }

        /// The next result.
        @inlinable
        public func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next result.
        ///
        /// - Throws: the first failure; `CancellationError`. After that there is nothing more.
        @inlinable
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if isThrough { return nil }
            if isCurrentTaskCancelled() { throw leave() }
            if let sequence {
                self.sequence = nil
                start(sequence)
            }
            while true {
                switch core.take() {
                case .output(let output): return output
                case .failure(let error):
                    isThrough = true
                    throw error
                case .end:
                    isThrough = true
                    return nil
                case .wait: guard await core.waitForOutput() else { throw leave() }
                }
            }
        }

        @usableFromInline
        func leave() -> CancellationError {
            isThrough = true
            if sequence == nil { core.cancel() }
            return CancellationError()
        }

        @inlinable
        func start(_ sequence: ConcurrentMapSequence) {
            let core = core
            let placement = StreamPlacement.current
            let driver = StreamTask.start(on: placement) {
                let transform = sequence.transform
                var failure: (any Error)?
                do {
                    var iterator = sequence.base.makeAsyncIterator()
                    var hasRoom = await core.waitForRoom()
                    while hasRoom, let element = try await iterator.next(isolation: nil) {
                        let added = core.add(element)
                        if let number = added.newWorker {
                            core.startWorker(number, on: placement) { await core.work($0, on: placement, transform) }
                        }
                        hasRoom = added.hasRoom ? true : await core.waitForRoomSlowly()
                    }
                } catch {
                    failure = error
                }
                await core.endReading(failure)
            }
            let isCancelled = core.state.withLock { state in
                state.driver = driver
                return state.isCancelled
            }
            if isCancelled { driver.cancel() }
        }
    }

    /// Starts to work with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

@available(*, unavailable)
extension ConcurrentMapSequence.AsyncIterator: Sendable {}
