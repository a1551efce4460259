/// A waiting reader, with the item it is given, or a waiting writer, with the item it brings.
///
/// It is not generic, and keeps its item as raw memory: the runtime looks up the types of a generic class whenever one of
/// its objects ends, which costs as much as the rest of the wait. So nothing here destroys an item. Whoever waits takes
/// out what is left: nothing after a grant to a writer, the item after a grant to a reader, and the writer's own after
/// anything else.
@usableFromInline
final class ItemWaiter: Waiter, @unchecked Sendable {
    // Sendable: the item is protected as the other fields of a waiter are; `offer` never changes once it is queued.
    @usableFromInline typealias Storage = (UInt64, UInt64, UInt64, UInt64)

    @usableFromInline @exclusivity(unchecked) var storage: Storage = (0, 0, 0, 0)
    @usableFromInline @exclusivity(unchecked) var hasItem = false
    /// Set for a writer that is one of several offers of a ``select(_:cancellation:)``, of which one counts.
    @usableFromInline @exclusivity(unchecked) var offer: SelectOffer?

    /// Creates a waiter without an item; see ``Waiter/init(of:weight:isHeld:)``.
    @usableFromInline
    init(of host: any WaiterHost, role: ChannelRole, isHeld: Bool) {
        super.init(of: host, weight: role.rawValue, isHeld: isHeld)
    }

    deinit { assert(!hasItem, "whoever waited has to take the item out") }

    @usableFromInline
    override func wake() { offer?.hasLeft(outcome) }

    /// Whether items of a type lie in place; larger ones are in a box.
    @inlinable
    static func isInPlace<Element>(_: Element.Type) -> Bool {
        MemoryLayout<Element>.size <= MemoryLayout<Storage>.size
            && MemoryLayout<Element>.alignment <= MemoryLayout<Storage>.alignment
    }

    /// Puts an item in; there must be none.
    @inlinable
    func put<Element>(_ item: consuming Element) {
        let item = item
        hasItem = true
        withUnsafeMutablePointer(to: &storage) { storage in
            let raw = UnsafeMutableRawPointer(storage)
            if Self.isInPlace(Element.self) {
                raw.initializeMemory(as: Element.self, to: item)
            } else {
                let box = UnsafeMutablePointer<Element>.allocate(capacity: 1)
                box.initialize(to: item)
                raw.storeBytes(of: box, as: UnsafeMutablePointer<Element>.self)
            }
        }
    }

    /// Takes the item out; it must be an `Element`.
    @inlinable
    func take<Element>(_: Element.Type) -> Element? {
        guard hasItem else { return nil }
        hasItem = false
        return withUnsafeMutablePointer(to: &storage) { storage in
            let raw = UnsafeMutableRawPointer(storage)
            if Self.isInPlace(Element.self) { return raw.assumingMemoryBound(to: Element.self).move() }
            let box = raw.load(as: UnsafeMutablePointer<Element>.self)
            defer { box.deallocate() }
            return box.move()
        }
    }
}

/// Which queue a waiter of a channel is for; kept in its `weight`.
@usableFromInline
enum ChannelRole: Int {
    case reader = 1
    case writer
    case readSignal
    case writeSignal
}
