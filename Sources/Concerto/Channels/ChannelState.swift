/// What the lock of a channel protects, and what happens under it; everything that must not happen there is returned.
///
/// Invariants: while a reader waits there is nothing to read (no item, no waiting writer); while a writer waits there is no room.
@usableFromInline
struct ChannelState<Element: Sendable>: ~Copyable, @unchecked Sendable {
    @usableFromInline enum Written {
        case taken
        case dropped(Element)
        case full
        case closed
    }

    @usableFromInline var buffer = ChannelBuffer<Element>()
    @usableFromInline let capacity: Int
    @usableFromInline let fullMode: ChannelFullMode
    @usableFromInline let order: (@Sendable (Element, Element) -> Bool)?
    @usableFromInline var isClosed = false
    @usableFromInline var error: (any Error)?
    @usableFromInline var readers = WaiterQueue()
    @usableFromInline var writers = WaiterQueue()
    /// Those who wait until there is something to read, without taking it.
    @usableFromInline var readSignals = WaiterQueue()
    @usableFromInline var writeSignals = WaiterQueue()
    @usableFromInline var completion: TaskHandle<Void>?

    @inlinable
    init(capacity: Int, fullMode: ChannelFullMode, order: (@Sendable (Element, Element) -> Bool)?) {
        self.capacity = capacity
        self.fullMode = fullMode
        self.order = order
    }

    @inlinable
    var isDrained: Bool { isClosed && buffer.count == 0 }

    @inlinable
    var hasSomethingToRead: Bool { buffer.count > 0 || !writers.isEmpty }

    @inlinable
    var hasRoom: Bool { fullMode != .wait || buffer.count < capacity }

    @inlinable
    mutating func write(_ item: consuming Element, into wakes: inout WakeList) -> Written {
        if isClosed { return .closed }
        if let reader = readers.first {
            unsafeDowncast(reader, to: ItemWaiter.self).put(item)
            readers.grant(reader, into: &wakes)
            return .taken
        }
        if buffer.count < capacity {
            add(item)
            if !readSignals.isEmpty { readSignals.grantAll(into: &wakes) }
            return .taken
        }
        switch fullMode {
        case .wait:
            return .full
        case .dropWrite:
            return .dropped(item)
        case .dropOldest:
            // A rendezvous holds nothing that could make room.
            if capacity == 0 { return .dropped(item) }
            let dropped = buffer.popFirst()
            buffer.append(item)
            return .dropped(dropped)
        case .dropNewest:
            if capacity == 0 { return .dropped(item) }
            let dropped = buffer.popLast()
            buffer.append(item)
            return .dropped(dropped)
        }
    }

    @inlinable
    mutating func add(_ item: consuming Element) {
        if let order { buffer.push(item, order) } else { buffer.append(item) }
    }

    @inlinable
    mutating func read(into wakes: inout WakeList) -> Element? {
        if buffer.count > 0 {
            let item = if let order { buffer.pop(order) } else { buffer.popFirst() }
            if let writer = writers.first {
                // Exactly one writer moves up for each item that leaves.
                add(unsafeDowncast(writer, to: ItemWaiter.self).take(Element.self).unsafelyUnwrapped)
                writers.grant(writer, into: &wakes)
            } else if !writeSignals.isEmpty {
                writeSignals.grantAll(into: &wakes)
            }
            return item
        }
        // A rendezvous: the item goes from hand to hand.
        while let writer = writers.first {
            let waiter = unsafeDowncast(writer, to: ItemWaiter.self)
            guard waiter.offer?.claim() ?? true else {
                // Its `select` has settled for something else and is about to take it back.
                _ = writers.withdraw(writer, as: .cancelled, into: &wakes)
                continue
            }
            writers.grant(writer, into: &wakes)
            return waiter.take(Element.self)
        }
        return nil
    }

    /// Puts a reader to sleep, unless an item has come in the meantime.
    @inlinable
    mutating func admitReader(_ reader: ItemWaiter, into wakes: inout WakeList) -> Bool {
        if reader.hasLeft { return false }
        if let item = read(into: &wakes) {
            reader.put(item)
            return reader.settle(.granted)
        }
        if isClosed { return reader.settle(.failed) }
        return readers.append(reader)
    }

    /// Puts a writer to sleep, unless there is room by now.
    @inlinable
    mutating func admitWriter(_ writer: ItemWaiter, into wakes: inout WakeList) -> Bool {
        if writer.hasLeft { return false }
        let item = writer.take(Element.self).unsafelyUnwrapped
        switch write(item, into: &wakes) {
        case .taken, .dropped:
            return writer.settle(.granted)
        case .closed:
            writer.put(item)
            return writer.settle(.failed)
        case .full:
            writer.put(item)
            if capacity == 0 && !readSignals.isEmpty { readSignals.grantAll(into: &wakes) }
            return writers.append(writer)
        }
    }

    /// Whether every item goes from hand to hand, or nowhere.
    @inlinable
    var isRendezvous: Bool { capacity == 0 && fullMode == .wait }

    /// Puts an offer into the queue of a rendezvous; not if a reader waits already or none will come any more: then its
    /// `select` tries again.
    mutating func admitOffer(_ writer: ItemWaiter, into wakes: inout WakeList) -> Bool {
        if isClosed || !readers.isEmpty { return writer.settle(.granted) }
        if !readSignals.isEmpty { readSignals.grantAll(into: &wakes) }
        return writers.append(writer)
    }

    /// Takes a waiter out of whichever queue it is in.
    mutating func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome, into wakes: inout WakeList) {
        // The queues share the links of a waiter, but each has its own head and count; `weight` says which one it is.
        switch ChannelRole(rawValue: waiter.weight).unsafelyUnwrapped {
        case .reader: _ = readers.withdraw(waiter, as: outcome, into: &wakes)
        case .writer: _ = writers.withdraw(waiter, as: outcome, into: &wakes)
        case .readSignal: _ = readSignals.withdraw(waiter, as: outcome, into: &wakes)
        case .writeSignal: _ = writeSignals.withdraw(waiter, as: outcome, into: &wakes)
        }
    }
}
