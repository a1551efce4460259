public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// A hub over this stream; see ``Broadcast``.
    public func shared(
        replay: Int = 0, slowConsumers: Broadcast<Element>.SlowConsumers = .wait, linger: Duration = .zero,
        clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> Broadcast<Element> {
        try Broadcast(self, replay: replay, slowConsumers: slowConsumers, linger: linger, clock: clock)
    }

    /// A hub for a value that changes: a new subscriber gets the current one at once, a slow one only the newest, and equal
    /// neighbours are one.
    public func currentValue(
        linger: Duration = .zero, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> Broadcast<Element> where Element: Equatable & SendableMetatype {
        try Broadcast(removingDuplicates(), replay: 1, slowConsumers: .dropOldest(1), linger: linger, clock: clock)
    }

    /// `count` streams that each get every element: the slowest sets the pace, and the source starts when all have begun.
    ///
    /// - Throws: `ArgumentError` if `count` is below 1.
    @inlinable
    public func broadcast(to count: Int) throws(ArgumentError) -> [Broadcast<Element>.Subscription] {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        let hub = Broadcast(
            self, replay: 0, replayAge: nil, slowConsumers: .wait, linger: .zero, quorum: count, clock: MonotonicClock()
        )
        return (0..<count).map { _ in hub.subscribe() }
    }
}
