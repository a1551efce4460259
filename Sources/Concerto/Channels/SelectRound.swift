import ConcertoRuntime
import Synchronization

/// One sleep of a ``select(_:cancellation:)``: it ends when a case may be ready, or when one of its offers was taken.
///
/// The race: several readers may find offers of one `select` in several channels at once, and the `select` may wake up
/// for another reason meanwhile. `state` decides. Whoever moves it away from `open` first wins: a reader, under its
/// channel's lock, takes the item and with it decides the whole `select`; the `select` itself, by closing the round, makes
/// all its offers void, so that readers that still find them pass them over.
final class SelectRound: Sendable {
    private static let open = -1
    private static let closed = -2

    private let state = Atomic(open)
    /// Any watcher may fire while the others are still being set up; the handle remembers.
    private let gate = TaskHandle<Void>(promiseNamed: nil)

    /// Wakes the `select` up.
    func fire() { gate.complete(.success(())) }

    nonisolated(nonsending)
        func wait(_ cancellation: CancellationToken) async throws
    {
        try await gate.waitForEnd(cancellation)
    }

    /// Decides the `select` for the case at `index`, if nothing has been decided.
    func claim(_ index: Int) -> Bool {
        state.compareExchange(expected: Self.open, desired: index, ordering: .acquiringAndReleasing).exchanged
    }

    /// Ends the round.
    ///
    /// - Returns: The case whose offer was taken, if one was.
    func close() -> Int? {
        let (closed, index) = state.compareExchange(
            expected: Self.open, desired: Self.closed, ordering: .acquiringAndReleasing)
        return closed || index < 0 ? nil : index
    }
}

/// An item that a ``select(_:cancellation:)`` would hand to a reader of a rendezvous.
@usableFromInline
final class SelectOffer: @unchecked Sendable {
    // Sendable: `keepAlive` is set before the waiter is queued and cleared by the one who takes it out.
    let round: SelectRound
    private let index: Int
    /// No frame is suspended on the waiter of an offer.
    private var keepAlive: ItemWaiter?
    /// Takes the item out of the waiter, if nobody has taken it.
    private let discard: (ItemWaiter) -> Void

    init(
        _ round: SelectRound, _ index: Int, keeping waiter: ItemWaiter, discard: @escaping (ItemWaiter) -> Void
    ) {
        self.round = round
        self.index = index
        self.discard = discard
        keepAlive = waiter
    }

    /// Decides its `select` for this offer; under the lock of the channel.
    @usableFromInline
    func claim() -> Bool { round.claim(index) }

    /// The waiter has left the queue; outside the lock.
    @usableFromInline
    func hasLeft(_ outcome: Waiter.Outcome) {
        if outcome != .cancelled { round.fire() }
        if let keepAlive { discard(keepAlive) }
        keepAlive = nil
    }
}
