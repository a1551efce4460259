public import Concerto
public import ConcertoRuntime

/// One stream for many readers: the source is read once, by one task, and every subscriber gets the elements.
///
/// ```swift
/// let hub = Broadcast(prices, replay: 1, slowConsumers: .dropOldest(64))
/// for try await price in hub.subscribe() { … }
/// ```
///
/// The source is opened with the first subscriber and closed when the last one leaves, `linger` later; a subscriber that comes
/// after that opens it anew. Its end, or its failure, is remembered: who comes later gets what is replayed and then that.
///
/// - Cancellation: of a subscriber's task ends that subscription only.
/// - Where it runs: the source in a task of its own; subscribers on their own executors.
/// - Ordering: every subscriber sees the elements in the order of the source, without a gap but for those that its policy
///   drops, and counts.
/// - Allocates: a ring as long as the slowest subscriber may lag, an object for a subscriber; nothing for an element.
public final class Broadcast<Element: Sendable>: Sendable {
    /// What happens to a subscriber that reads more slowly than the source yields.
    public enum SlowConsumers: Sendable, Hashable {
        /// The source waits: the slowest sets the pace. At most 16 elements wait for it.
        case wait
        /// The oldest elements go, for that subscriber; ``Subscription/AsyncIterator/lagged`` counts them.
        ///
        /// - Parameter count: How many elements wait for a subscriber at most; at least 1.
        case dropOldest(Int)
        /// The subscriber's stream fails with ``SlowConsumerError``.
        ///
        /// - Parameter after: How many elements wait for a subscriber at most; at least 1.
        case disconnect(after: Int)
    }

    @usableFromInline let core: BroadcastCore<Element>

    /// Creates a hub over `source`.
    ///
    /// - Parameters:
    ///   - source: What is shared; each opening iterates over it anew.
    ///   - replay: How many of the newest elements a new subscriber gets first.
    ///   - replayAge: How old these may be; `nil` takes them at any age.
    ///   - slowConsumers: What happens to a slow subscriber.
    ///   - linger: For how long the source stays open without a subscriber.
    ///   - clock: Measures `linger` and `replayAge`.
    /// - Throws: `ArgumentError` for a negative number or time, and for a lag below 1.
    @inlinable
    public convenience init<Source: AsyncSequence & Sendable>(
        _ source: Source, replay: Int = 0, replayAge: Duration? = nil, slowConsumers: SlowConsumers = .wait,
        linger: Duration = .zero, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) where Source.Element == Element {
        guard replay >= 0 else { throw ArgumentError("replay", replay, "it must not be negative") }
        guard linger >= .zero else { throw ArgumentError("linger", linger, "it must not be negative") }
        if let replayAge, replayAge < .zero {
            throw ArgumentError("replayAge", replayAge, "it must not be negative")
        }
        switch slowConsumers {
        case .wait: break
        case .dropOldest(let count), .disconnect(after: let count):
            guard count >= 1 else {
                throw ArgumentError("slowConsumers", count, "a subscriber must be allowed 1 at least")
            }
        }
        self.init(
            source, replay: replay, replayAge: replayAge, slowConsumers: slowConsumers, linger: linger, quorum: 1,
            clock: clock)
    }

    /// Creates a hub whose source is opened when `quorum` have subscribed; the rest has been checked.
    @inlinable
    init<Source: AsyncSequence & Sendable>(
        _ source: Source, replay: Int, replayAge: Duration?, slowConsumers: SlowConsumers, linger: Duration,
        quorum: Int,
        clock: any TimerClock
    ) where Source.Element == Element {
        core = BroadcastCore(
            replay: replay, replayAge: replayAge, policy: slowConsumers, linger: linger, quorum: quorum, clock: clock
        ) { core, generation in
            do {
                var iterator = source.makeAsyncIterator()
                while let element = try await iterator.next(isolation: nil) {
                    switch core.publish(element, generation) {
                    case .more: continue
                    case .wait: guard await core.waitForSlowest(generation) else { return }
                    case .none: return
                    }
                }
                core.end(nil, generation)
            } catch {
                core.end(error, generation)
            }
        }
    }

    /// A stream of the elements from now on, after those that are replayed.
    ///
    /// The subscription begins with the first `next`, and ends when the loop is left.
    @inlinable
    public func subscribe() -> Subscription { Subscription(core: core) }

    /// How many iterations are subscribed now.
    public var subscribers: Int { core.subscribers }

    /// What a subscriber reads.
    public struct Subscription: AsyncSequence, Sendable {
        /// What the source throws, ``SlowConsumerError``, or `CancellationError`.
        public typealias Failure = any Error

        @usableFromInline let core: BroadcastCore<Element>

        @inlinable
        init(core: BroadcastCore<Element>) { self.core = core }

        /// Subscribes, with the first `next`.
        @inlinable
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(core) }

        /// Yields the elements; leaves the hub when it goes.
        public final class AsyncIterator: AsyncIteratorProtocol {
            @usableFromInline let core: BroadcastCore<Element>
            @usableFromInline var seat: BroadcastCore<Element>.Seat?
            /// What has been taken and is not with the loop yet.
            @usableFromInline @exclusivity(unchecked) var hand = StreamRing<Element>()
            @usableFromInline @exclusivity(unchecked) var isThrough = false

            @inlinable
            init(_ core: BroadcastCore<Element>) { self.core = core }

            @inlinable
            deinit { if let seat { core.leave(seat) } }

            /// How many elements this subscriber has missed so far because it was too slow.
            public var lagged: Int { seat.map { core.lagged($0) } ?? 0 }

            /// Subscribes now instead of with the first `next`: what comes from here on is not missed.
            @inlinable
            public func subscribe() {
                if seat == nil, !isThrough { seat = core.join() }
            }

            /// The next element.
            @inlinable
            public func next() async throws -> Element? { try await next(isolation: nil) }

            /// The next element.
            ///
            /// - Throws: what the source throws; ``SlowConsumerError``; `CancellationError`.
            @inlinable
            public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
                if isThrough { return nil }
                if isCurrentTaskCancelled() {
                    // Others wait until as many have come, and this one will not.
                    if core.waitsForSubscribers { subscribe() }
                    throw leave(CancellationError())
                }
                subscribe()
                let seat = seat.unsafelyUnwrapped
                while true {
                    if let element = hand.popFirst() { return element }
                    switch core.refill(&hand, seat) {
                    case .some: continue
                    case .end:
                        isThrough = true
                        return nil
                    case .failure(let error): throw leave(error)
                    case .nothing: guard await core.wait(seat) else { throw leave(CancellationError()) }
                    }
                }
            }

            @usableFromInline
            func leave(_ error: any Error) -> any Error {
                isThrough = true
                if let seat { core.leave(seat) }
                return error
            }
        }
    }
}

@available(*, unavailable)
extension Broadcast.Subscription.AsyncIterator: Sendable {}

/// A subscriber of a hub has read too slowly and has been disconnected.
public struct SlowConsumerError: Error, Hashable, CustomStringConvertible {
    /// How many elements were allowed to wait for it.
    public let limit: Int

    /// Creates an error.
    public init(limit: Int) { self.limit = limit }

    /// What happened and what to do.
    public var description: String {
        "more than \(limit) elements of a hub waited for this subscriber: read faster, allow more, or use .dropOldest"
    }
}
