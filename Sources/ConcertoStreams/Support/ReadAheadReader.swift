import Concerto
import ConcertoRuntime
public import Synchronization

/// The reading end of a ``ReadAhead``: starts it with the first `next` and cancels it when it goes.
@usableFromInline
final class ReadAheadReader<Element: Sendable, Failure: Error> {
    @usableFromInline typealias Core = ReadAhead<Element, Failure>

    @usableFromInline let core: Core
    @usableFromInline var feeds: [Core.Feed]?
    /// What has been taken and is not with the loop yet.
    @usableFromInline @exclusivity(unchecked) var hand = StreamRing<Core.Entry>()
    @usableFromInline @exclusivity(unchecked) var isThrough = false

    @inlinable
    init(share: Int, _ feeds: [Core.Feed]) {
        core = Core(sources: feeds.count, share: share)
        self.feeds = feeds
    }

    @inlinable
    deinit { if feeds == nil { core.cancel() } }

    /// The next element; `nil` at the end.
    @inlinable
    func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
        if isThrough { return nil }
        if isCurrentTaskCancelled() {
            leave()
            try throwIfItCanBe(CancellationError(), as: Failure.self)
            return nil
        }
        startEarly()
        while true {
            if let element = takeFromHand() { return element }
            switch core.refill(&hand, atMost: core.batch) {
            case .some: continue
            case .end:
                isThrough = true
                if let failure = core.state.withLock({ $0.failure }) { throw failure }
                return nil
            case .nothing:
                guard await core.waitForElement() else {
                    leave()
                    try throwIfItCanBe(CancellationError(), as: Failure.self)
                    return nil
                }
            }
        }
    }

    /// The next element, if it is there.
    @inlinable
    func nextIfReady() -> Element? {
        if isThrough { return nil }
        while true {
            if let element = takeFromHand() { return element }
            guard case .some = core.refill(&hand, atMost: core.batch) else { return nil }
        }
    }

    /// Of what came before a failure only the failed source's own counts.
    @inlinable
    func takeFromHand() -> Element? {
        while let entry = hand.popFirst() {
            let failed = core.failedSource.load(ordering: .relaxed)
            if failed < 0 || failed == entry.source { return entry.element }
        }
        return nil
    }

    /// Starts the sources, unless they have been, or the task is cancelled.
    @inlinable
    func startEarly() {
        guard let feeds, !isCurrentTaskCancelled() else { return }
        self.feeds = nil
        core.start(feeds)
    }

    /// Ends the iteration: the sources are cancelled.
    @usableFromInline
    func leave() {
        isThrough = true
        feeds = nil
        core.cancel()
    }
}
