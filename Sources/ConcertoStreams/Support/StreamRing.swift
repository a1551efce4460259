/// A queue in a ring that doubles.
@usableFromInline
struct StreamRing<Element>: ~Copyable {
    @usableFromInline var storage: UnsafeMutablePointer<Element>
    /// A power of two.
    @usableFromInline var slots: Int
    @usableFromInline var head = 0
    @usableFromInline var count = 0

    @inlinable
    init(minimumCapacity: Int = 4) {
        var slots = 4
        while slots < minimumCapacity, slots < 1 << 16 { slots *= 2 }
        self.slots = slots
        storage = .allocate(capacity: slots)
    }

    @inlinable
    deinit {
        for index in 0..<count { (storage + (head &+ index) & (slots &- 1)).deinitialize(count: 1) }
        storage.deallocate()
    }

    @inlinable
    var isEmpty: Bool { count == 0 }

    @inlinable
    subscript(index: Int) -> Element { storage[(head &+ index) & (slots &- 1)] }

    @inlinable
    mutating func replace(at index: Int, with element: consuming Element) {
        storage[(head &+ index) & (slots &- 1)] = element
    }

    @inlinable
    mutating func append(_ element: consuming Element) {
        if count == slots { grow() }
        (storage + (head &+ count) & (slots &- 1)).initialize(to: element)
        count &+= 1
    }

    @inlinable
    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = (storage + head).move()
        head = (head &+ 1) & (slots &- 1)
        count &-= 1
        return element
    }

    @inlinable
    mutating func popLast() -> Element? {
        guard count > 0 else { return nil }
        count &-= 1
        return (storage + (head &+ count) & (slots &- 1)).move()
    }

    @inlinable
    mutating func removeAll() { while popFirst() != nil {} }

    @usableFromInline
    mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: slots * 2)
        for index in 0..<count {
            (larger + index).moveInitialize(from: storage + (head &+ index) & (slots &- 1), count: 1)
        }
        storage.deallocate()
        storage = larger
        slots *= 2
        head = 0
    }
}

// Its elements are its own.
extension StreamRing: @unchecked Sendable where Element: Sendable {}
