public import Concerto
public import ConcertoRuntime
public import Synchronization

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// The elements of the newest of the streams that `transform` makes.
    ///
    /// An element of the source cancels the stream before and awaits its end; only then is the next one opened, and what the
    /// loop has not taken of the old one is dropped. It ends when the source and the last stream have ended. For failures
    /// see `merged(_:_:)`.
    @inlinable
    public func switchMap<Inner: AsyncSequence & Sendable>(
        _ transform: @escaping @Sendable (Element) -> Inner
    ) -> SwitchMappedSequence<Self, Inner> where Inner.Element: Sendable, Inner.Failure == Failure {
        SwitchMappedSequence(base: self, transform: transform)
    }

    /// Calls `body` for every element; the next element cancels a body that still runs and awaits it.
    ///
    /// - Cancellation: cancels source and body; both are awaited.
    /// - Where it runs: source and bodies in tasks of their own.
    /// - Throws: what the source throws, or a body that was not cancelled for the next.
    nonisolated(nonsending)
        public func collectLatest(_ body: @escaping @Sendable (Element) async throws -> Void) async throws
    {
        let bodies = switchMap { element in
            AsyncGenerator<Never> { _ in try await body(element) }.mappingFailure(to: Failure.self)
        }
        let iterator = bodies.makeAsyncIterator()
        do {
            _ = try await iterator.reader.next(isolation: #isolation)
        } catch {
            iterator.reader.leave()
            await iterator.reader.funnel.join()
            throw error
        }
    }
}

/// The newest of streams; made by `switchMap(_:)`.
public struct SwitchMappedSequence<Base: AsyncSequence & Sendable, Inner: AsyncSequence & Sendable>:
    AsyncSequence, Sendable
where Base.Element: Sendable, Inner.Element: Sendable, Inner.Failure == Base.Failure {
    /// What comes out.
    public typealias Element = Inner.Element
    /// What the sources throw.
    public typealias Failure = Base.Failure
    @usableFromInline typealias Event = (epoch: Int, element: Element)

    @usableFromInline let base: Base
    @usableFromInline let transform: @Sendable (Base.Element) -> Inner

    @inlinable
    init(base: Base, transform: @escaping @Sendable (Base.Element) -> Inner) {
        self.base = base
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
                if event.epoch == reader.funnel.epoch.load(ordering: .acquiring) { return event.element }
            }
            return nil
        }
    }

    @inlinable
    func run(_ funnel: Funnel<Event, Failure>, on placement: (any TaskExecutor)?) async {
        var current: Task<Void, Never>?
        do throws(Failure) {
            var iterator = base.makeAsyncIterator()
            var epoch = 0
            while !isCurrentTaskCancelled(), let element = try await iterator.next(isolation: nil) {
                epoch += 1
                // Before the old one ends: nothing it still has to say counts any more.
                funnel.epoch.store(epoch, ordering: .releasing)
                if let current {
                    current.cancel()
                    await current.value
                }
                let inner = transform(element)
                current = StreamTask.start(on: placement) { [epoch] in
                    do throws(Failure) { try await funnel.pump(inner) { (epoch, $0) } } catch {
                        // One that has been cancelled for the next may not fail the whole.
                        if funnel.epoch.load(ordering: .acquiring) == epoch { funnel.fail(error, source: epoch) }
                    }
                }
            }
        } catch {
            funnel.fail(error, source: 0)
        }
        guard let last = current else { return }
        await withTaskCancellationHandler {
            await last.value
        } onCancel: {
            last.cancel()
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
extension SwitchMappedSequence.AsyncIterator: Sendable {}
