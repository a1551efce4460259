import ConcertoRuntime
import Synchronization

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The results of `transform`, as a sequence: at most `limit` at a time, in constant memory, with back-pressure.
    ///
    /// Nothing happens before somebody iterates; every iteration reads the source anew.
    /// - Cancellation: of the iterating task, or dropping the iterator, cancels the bodies in flight.
    /// - Where it runs: bodies and source run in tasks of their own, on the process's executor.
    /// - Ordering: results in the order of the elements; with `ordered: false` in the order in which they come.
    /// - Allocates: a task per worker, one object per element.
    ///
    /// The iteration throws the first failure of a body or the source, and what fails beside it is dropped. A failure that
    /// nobody reads, because the iteration was cancelled or given up, goes to `TaskHandle.onUnobservedError`.
    public func concurrentMap<Value: Sendable>(
        limit: Int, ordered: Bool = true, _ transform: @escaping @Sendable (Element) async throws -> Value
    ) -> ConcurrentMapSequence<Value> {
        ConcurrentMapSequence { channel in
            try await runStream(self, limit, ordered, channel, transform)
        } capacity: {
            limit
        }
    }
}

extension Sequence where Self: Sendable, Element: Sendable {
    /// The results of `transform`, as an asynchronous sequence; see
    /// ``_Concurrency/AsyncSequence/concurrentMap(limit:ordered:_:)``.
    public func concurrentMap<Value: Sendable>(
        limit: Int, ordered: Bool = true, _ transform: @escaping @Sendable (Element) async throws -> Value
    ) -> ConcurrentMapSequence<Value> {
        ElementsOf(sequence: self).concurrentMap(limit: limit, ordered: ordered, transform)
    }
}

/// Produces through a channel of promises, in the order in which they are to be read.
private func runStream<Source: AsyncSequence, Value: Sendable>(
    _ source: Source, _ limit: Int, _ ordered: Bool, _ channel: BoundedChannel<TaskHandle<Value>>,
    _ transform: @escaping @Sendable (Source.Element) async throws -> Value
) async throws where Source: Sendable, Source.Element: Sendable {
    guard ordered else {
        return try await source.forEachConcurrently(limit: limit) { element in
            try await deliver(.completed(try await transform(element)), through: channel)
        }
    }
    let issued = IssuedPromises<Value>()
    let promising = Promising(source: source, channel: channel, issued: issued)
    do {
        try await promising.forEachConcurrently(limit: limit) { (promise: TaskHandle<Value>, element: Source.Element) in
            do { promise.complete(.success(try await transform(element))) } catch {
                promise.complete(.failure(error))
                throw error is CancellationError ? error : PromisedFailure(error: error)
            }
        }
    } catch {
        // Elements that were read but never worked on: nobody may wait for them for ever.
        let first = firstFailure(of: error)
        issued.fail(with: first)
        throw first
    }
}

/// Writes `promise` to the iteration; one that has failed has closed the channel, which is a cancellation here.
nonisolated(nonsending)
    private func deliver<Value>(
        _ promise: TaskHandle<Value>, through channel: BoundedChannel<TaskHandle<Value>>
    ) async throws
{
    do { try await channel.write(promise) } catch { throw CancellationError() }
}

/// What an iteration throws if its loop ended with `error`.
private func firstFailure(of error: any Error) -> any Error {
    let first = (error as? AggregateError)?.errors.first ?? error
    return (first as? PromisedFailure)?.error ?? first
}

/// The promises whose elements are being worked on, or wait for it.
private final class IssuedPromises<Value: Sendable>: Sendable {
    private let promises = Guarded<[TaskHandle<Value>]>([])

    func add(_ promise: TaskHandle<Value>) {
        let ended = promises.withLock { promises -> [TaskHandle<Value>] in
            defer { promises.append(promise) }
            guard promises.count >= 64, promises.count.isMultiple(of: 64) else { return [] }
            let pivot = promises.partition(by: \.isCompleted)
            defer { promises.removeSubrange(pivot...) }
            return Array(promises[pivot...])
        }
        // Released here: the end of a value is foreign code.
        _ = consume ended
    }

    func fail(with error: any Error) {
        // One that has failed by itself says so, if nobody reads it; for the others this is only an echo.
        for promise in promises.withLock({ $0 }) where !promise.isCompleted {
            if promise.complete(.failure(error)) { promise.markObserved() }
        }
    }
}

/// Puts a promise into the channel for every element that is read: reading waits while the reader of the results is slow.
private struct Promising<Source: AsyncSequence, Value: Sendable>: AsyncSequence where Source.Element: Sendable {
    typealias Element = (TaskHandle<Value>, Source.Element)

    let source: Source
    let channel: BoundedChannel<TaskHandle<Value>>
    let issued: IssuedPromises<Value>

    struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: Source.AsyncIterator
        let channel: BoundedChannel<TaskHandle<Value>>
        let issued: IssuedPromises<Value>

        mutating func next() async throws -> Element? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            guard let element = try await iterator.next(isolation: actor) else { return nil }
            let promise = TaskHandle<Value>(promiseNamed: nil)
            issued.add(promise)
            try await deliver(promise, through: channel)
            return (promise, element)
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(iterator: source.makeAsyncIterator(), channel: channel, issued: issued)
    }
}

/// A sequence as an asynchronous one.
private struct ElementsOf<Base: Sequence & Sendable>: AsyncSequence, Sendable where Base.Element: Sendable {
    typealias Element = Base.Element

    let sequence: Base

    struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: Base.Iterator

        mutating func next() async throws -> Element? { iterator.next() }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            iterator.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(iterator: sequence.makeIterator()) }
}

/// The results of a concurrent map while they come; made by `concurrentMap(limit:ordered:_:)`.
public struct ConcurrentMapSequence<Element: Sendable>: AsyncSequence, Sendable {
    let produce: @Sendable (BoundedChannel<TaskHandle<Element>>) async throws -> Void
    let capacity: @Sendable () -> Int

    init(
        _ produce: @escaping @Sendable (BoundedChannel<TaskHandle<Element>>) async throws -> Void,
        capacity: @escaping @Sendable () -> Int
    ) {
        self.produce = produce
        self.capacity = capacity
    }

    /// Starts to work and yields the results; dropping it cancels the work.
    public final class AsyncIterator: AsyncIteratorProtocol {
        private let channel: BoundedChannel<TaskHandle<Element>>
        private let producer: Task<Void, Never>
        private var hasFailed = false

        init(_ sequence: ConcurrentMapSequence<Element>) {
            let channel = BoundedChannel<TaskHandle<Element>>(capacity: Swift.max(1, sequence.capacity()))
            self.channel = channel
            producer = Task {
                do {
                    try await sequence.produce(channel)
                    channel.tryComplete()
                } catch {
                    channel.tryComplete(firstFailure(of: error))
                }
            }
        }

        deinit { producer.cancel() }

        /// The next result.
        ///
        /// - Throws: the first failure of a body or the source; `CancellationError`. After that there is nothing more.
        public func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next result.
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if hasFailed { return nil }
            do {
                guard let promise = try await channel.core.readOrEnd(.none) else {
                    try channel.core.throwIfFailed()
                    return nil
                }
                return try await withTaskCancellationHandler {
                    try await promise.value
                } onCancel: { [producer] in
                    producer.cancel()
                }
            } catch {
                hasFailed = true
                producer.cancel()
                // After the first failure the others are its echo. An iteration that was cancelled has read none.
                if !(error is CancellationError) {
                    channel.tryComplete()
                    while let promise = channel.tryRead() { promise.markObserved() }
                }
                throw error
            }
        }
    }

    /// Starts to work.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
