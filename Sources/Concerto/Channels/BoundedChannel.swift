/// What a full ``BoundedChannel`` does with one more item.
public enum ChannelFullMode: Sendable {
    /// The writer waits.
    case wait
    /// The oldest item goes.
    case dropOldest
    /// The newest item in the channel goes.
    case dropNewest
    /// The item that is being written goes.
    case dropWrite
}

/// A queue between tasks that holds at most so many items: writers wait, or items are dropped.
///
/// ```swift
/// let channel = BoundedChannel<Order>(capacity: 64)
/// async let work: Void = { for try await order in channel { try await handle(order) } }()
/// for order in orders { try await channel.write(order) }
/// try channel.complete()
/// ```
///
/// With a capacity of 0 it is a rendezvous: a write waits until a reader takes the item.
public final class BoundedChannel<Element: Sendable>: ChannelProtocol {
    /// The implementation that all channels share.
    public let core: ChannelCore<Element>

    /// Creates a channel.
    ///
    /// - Parameters:
    ///   - capacity: How many items it holds at most; 0 makes it a rendezvous.
    ///   - fullMode: What happens when it is full.
    ///   - onDrop: Gets every item that is dropped, after the channel's lock has been released.
    /// - Precondition: `capacity >= 0`.
    public init(
        capacity: Int, fullMode: ChannelFullMode = .wait, onDrop: (@Sendable (Element) -> Void)? = nil
    ) {
        demand(capacity >= 0, "BoundedChannel needs a capacity >= 0, not \(capacity)")
        core = ChannelCore(capacity: capacity, fullMode: fullMode, onDrop: onDrop, order: nil)
    }

    /// How many items it holds at most.
    public var capacity: Int { core.capacity }
}

/// A queue between tasks that takes everything at once; writers never wait.
///
/// If the readers are slower than the writers it grows without limit: prefer ``BoundedChannel``.
public final class UnboundedChannel<Element: Sendable>: ChannelProtocol {
    /// The implementation that all channels share.
    public let core: ChannelCore<Element>

    /// Creates a channel.
    public init() {
        core = ChannelCore(capacity: .max, fullMode: .wait, onDrop: nil, order: nil)
    }
}

/// A queue between tasks that yields the smallest item first; writers never wait.
public final class PrioritizedChannel<Element: Sendable>: ChannelProtocol {
    /// The implementation that all channels share.
    public let core: ChannelCore<Element>

    /// Creates a channel.
    ///
    /// - Parameter precedes: Whether its first argument is to be read before its second. Among items that neither
    ///   precedes the order is open.
    public init(_ precedes: @escaping @Sendable (Element, Element) -> Bool) {
        core = ChannelCore(capacity: .max, fullMode: .wait, onDrop: nil, order: precedes)
    }
}

extension PrioritizedChannel where Element: Comparable {
    /// Creates a channel that yields the smallest item first.
    public convenience init() { self.init { $0 < $1 } }
}
