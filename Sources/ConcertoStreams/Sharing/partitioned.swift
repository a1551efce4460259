public import Concerto
public import ConcertoRuntime

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Two streams: of the elements for which `belongs` holds, and of the others.
    ///
    /// The source is read once, by one task, from when both are read; the slower of the two sets the pace. One that is left
    /// no longer holds up the other. A failure comes to both.
    /// - Cancellation: of one loop ends that loop; the source is cancelled when both are left.
    /// - Where it runs: the source in a task of its own; `belongs` in each loop, so it is called twice for an element.
    /// - Ordering: of the source, in each.
    /// - Allocates: a task and a ring; nothing for an element.
    @inlinable
    public func partitioned(
        _ belongs: @escaping @Sendable (Element) -> Bool
    ) -> (
        matching: FilteredSequence<Broadcast<Element>.Subscription>,
        rest: FilteredSequence<Broadcast<Element>.Subscription>
    ) {
        let hub = Broadcast(
            self, replay: 0, replayAge: nil, slowConsumers: .wait, linger: .zero, quorum: 2, clock: MonotonicClock())
        return (hub.subscribe().filter(belongs), hub.subscribe().filter { !belongs($0) })
    }
}

extension AsyncSequence {
    /// The elements for which `belongs` does not hold; the others go to `channel`, waiting for room there.
    ///
    /// - Cancellation: ends that wait too.
    /// - Where it runs: on the caller's executor; the channel is neither completed nor failed.
    /// - Throws: while it is read what the source throws; `ClosedError` if the channel has been completed.
    public func diverted<Channel: ChannelProtocol>(
        to channel: Channel, where belongs: @escaping @Sendable (Element) -> Bool
    ) -> ThrowingAsyncFilteredSequence<Self> where Channel.Element == Element, Element: Sendable {
        asyncFilter { element in
            guard belongs(element) else { return true }
            try await channel.write(element)
            return false
        }
    }
}
