import Concerto
import ConcertoRuntime

/// A stream that does what a ``MarbleDiagram`` says, in the virtual time of ``Marbles``.
///
/// A hot one runs from tick 0, whoever listens; a cold one starts anew with the first element that an iteration asks for.
/// What comes while the iteration does not ask waits for it.
public struct MarbleSource: AsyncSequence, Sendable {
    /// The text of an element.
    public typealias Element = String
    /// ``MarbleError`` or `CancellationError`.
    public typealias Failure = any Error

    let core: Core

    /// How often an element has been asked for, the end included.
    public var asked: Int { core.state.withLock { $0.asked } }

    /// How many iterations have asked for their first element.
    public var opened: Int { core.state.withLock { $0.opened } }

    /// At which ticks iterations ended: their iterator went, or its task was cancelled while it waited.
    public var closed: [Int] { core.state.withLock { $0.closed } }

    /// Starts an iteration.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(core) }

    /// Yields what the diagram says.
    public final class AsyncIterator: AsyncIteratorProtocol {
        private let core: Core
        private let channel = UnboundedChannel<String>()
        private var isOpen = false
        private var isClosed = false

        init(_ core: Core) { self.core = core }

        deinit { close() }

        private func close() {
            guard isOpen, !isClosed else { return }
            isClosed = true
            core.close(channel)
        }

        /// The next element.
        public func next() async throws -> String? { try await next(isolation: nil) }

        /// The next element.
        ///
        /// - Throws: ``MarbleError`` where the diagram has a `#`; `CancellationError`.
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> String? {
            core.state.withLock { $0.asked += 1 }
            if !isOpen {
                isOpen = true
                core.open(channel)
            }
            var iterator = channel.makeAsyncIterator()
            do {
                let element = try await iterator.next(isolation: actor)
                if element == nil { close() }
                return element
            } catch {
                close()
                throw error
            }
        }
    }

    final class Core: Sendable {
        struct State {
            var asked = 0
            var opened = 0
            var closed: [Int] = []
            var open: [UnboundedChannel<String>] = []
        }

        let diagram: MarbleDiagram
        let isHot: Bool
        let stage: MarbleStage
        let state = Guarded(State())

        init(_ diagram: MarbleDiagram, isHot: Bool, on stage: MarbleStage) {
            self.diagram = diagram
            self.isHot = isHot
            self.stage = stage
            guard isHot else { return }
            for moment in diagram.moments {
                stage.schedule(at: moment.tick, .upstream) { [self] in
                    for channel in state.withLock({ $0.open }) { happen(moment.event, in: channel) }
                }
            }
        }

        func open(_ channel: UnboundedChannel<String>) {
            state.withLock { state in
                state.opened += 1
                state.open.append(channel)
            }
            guard !isHot else { return }
            let start = stage.tick
            for moment in diagram.moments {
                stage.schedule(at: start + moment.tick, .upstream) { [weak channel] in
                    guard let channel else { return }
                    happen(moment.event, in: channel)
                }
            }
        }

        func close(_ channel: UnboundedChannel<String>) {
            state.withLock { state in
                state.closed.append(stage.tick)
                state.open.removeAll { $0 === channel }
            }
        }
    }
}

private func happen(_ event: MarbleDiagram.Event, in channel: UnboundedChannel<String>) {
    switch event {
    case .element(let text): _ = channel.tryWrite(text)
    case .end: channel.tryComplete()
    case .failure: channel.tryComplete(MarbleError())
    }
}
