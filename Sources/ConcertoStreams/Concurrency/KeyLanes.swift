import Concerto
import ConcertoRuntime

/// Makes elements with one key wait for each other, in the order in which they were read.
///
/// Each gets a ticket that names the one before it. A worker takes tickets in order, so the one that is waited for is at
/// work already: nobody waits for what nobody does.
public final class KeyLanes<Key: Hashable & Sendable>: Sendable {
    /// An element, and whom it waits for.
    public struct Ticket<Element: Sendable>: Sendable {
        @usableFromInline let element: Element
        @usableFromInline let lanes: KeyLanes
        let key: Key
        let previous: AsyncManualResetEvent?
        let done: AsyncManualResetEvent
    }

    private let last = Guarded<[Key: AsyncManualResetEvent]>([:])

    @usableFromInline
    init() {}

    @usableFromInline
    func ticket<Element: Sendable>(for element: Element, of key: Key) -> Ticket<Element> {
        let done = AsyncManualResetEvent()
        let previous = last.withLock { $0.updateValue(done, forKey: key) }
        return Ticket(element: element, lanes: self, key: key, previous: previous, done: done)
    }

    @usableFromInline
    func take<Element: Sendable>(_ ticket: Ticket<Element>) async throws {
        if let previous = ticket.previous { try await previous.wait() }
    }

    @usableFromInline
    func end<Element: Sendable>(_ ticket: Ticket<Element>) {
        ticket.done.set()
        last.withLock { if $0[ticket.key] === ticket.done { $0[ticket.key] = nil } }
    }
}
