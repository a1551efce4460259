public import Concerto
public import ConcertoRuntime
public import Synchronization

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The elements of the streams that `transform` makes, as they come: at most `limit` streams are open at a time.
    ///
    /// The source is asked for its next element only when there is room for one more stream. For failures and order see
    /// `merged(_:_:)`.
    /// - Throws: `ArgumentError` if `limit` is below 1.
    @inlinable
    public func flatMap<Inner: AsyncSequence & Sendable>(
        limit: Int, _ transform: @escaping @Sendable (Element) -> Inner
    ) throws(ArgumentError) -> FlatMappedSequence<Self, Inner>
    where Inner.Element: Sendable, Inner.Failure == Failure {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return FlatMappedSequence(base: self, limit: limit, transform: transform)
    }

    /// The elements of streams of a stream, as they come: at most `limit` are open at a time. See
    /// `flatMap(limit:_:)`.
    @inlinable
    public func merged(limit: Int) throws(ArgumentError) -> FlatMappedSequence<Self, Element>
    where Element: AsyncSequence, Element.Element: Sendable, Element.Failure == Failure {
        try flatMap(limit: limit) { $0 }
    }
}

/// Streams that are open at the same time; made by `flatMap(limit:_:)`.
public struct FlatMappedSequence<Base: AsyncSequence & Sendable, Inner: AsyncSequence & Sendable>:
    AsyncSequence, Sendable
where Base.Element: Sendable, Inner.Element: Sendable, Inner.Failure == Base.Failure {
    /// What comes out.
    public typealias Element = Inner.Element
    /// What the sources throw.
    public typealias Failure = Base.Failure
    @usableFromInline typealias Event = (source: Int, element: Element)

    @usableFromInline let base: Base
    @usableFromInline let limit: Int
    @usableFromInline let transform: @Sendable (Base.Element) -> Inner

    @inlinable
    init(base: Base, limit: Int, transform: @escaping @Sendable (Base.Element) -> Inner) {
        self.base = base
        self.limit = limit
        self.transform = transform
    }

    /// Yields the elements.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let reader: FunnelReader<Event, Failure>

        @inlinable
        init(_ reader: FunnelReader<Event, Failure>) { self.reader = reader }

        /// The next element.
        @inlinable
        public mutating func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            while let event = try await reader.next(isolation: actor) {
                let failed = reader.funnel.failedSource.load(ordering: .relaxed)
                if failed < 0 || failed == event.source { return event.element }
            }
            return nil
        }
    }

    @inlinable
    func run(_ funnel: Funnel<Event, Failure>, on placement: (any TaskExecutor)?) async {
        await withTaskGroup(of: Void.self) { group in
            do throws(Failure) {
                var iterator = base.makeAsyncIterator()
                var open = 0
                var number = 0
                while true {
                    if open == limit {
                        await group.next()
                        open -= 1
                    }
                    guard !isCurrentTaskCancelled(), let element = try await iterator.next(isolation: nil) else {
                        break
                    }
                    let inner = transform(element)
                    number += 1
                    open += 1
                    group.addTask(on: placement) { [number] in
                        do throws(Failure) { try await funnel.pump(inner) { (number, $0) } } catch {
                            funnel.fail(error, source: number)
                        }
                    }
                }
            } catch {
                funnel.fail(error, source: 0)
            }
        }
    }

    /// Starts to read the source, with the first `next`.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        let sequence = self
        return AsyncIterator(
            FunnelReader(Funnel(capacity: 16)) { funnel in
                let placement = StreamPlacement.current
                funnel.drive { await sequence.run(funnel, on: placement) }
            })
    }
}

@available(*, unavailable)
extension FlatMappedSequence.AsyncIterator: Sendable {}
