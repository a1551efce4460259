/// The items in a channel: a ring that doubles, or a binary heap where an order is given.
@usableFromInline
struct ChannelBuffer<Element>: ~Copyable {
    @usableFromInline var storage: UnsafeMutablePointer<Element>
    /// A power of two.
    @usableFromInline var slots: Int
    @usableFromInline var head = 0
    @usableFromInline var count = 0

    @inlinable
    init() {
        slots = 16
        storage = .allocate(capacity: 16)
    }

    @inlinable
    deinit {
        for index in 0..<count { (storage + (head &+ index) & (slots &- 1)).deinitialize(count: 1) }
        storage.deallocate()
    }

    @inlinable
    subscript(index: Int) -> Element { storage[(head &+ index) & (slots &- 1)] }

    @inlinable
    mutating func append(_ element: consuming Element) {
        if count == slots { grow() }
        (storage + (head &+ count) & (slots &- 1)).initialize(to: element)
        count &+= 1
    }

    @inlinable
    mutating func popFirst() -> Element {
        let element = (storage + head).move()
        head = (head &+ 1) & (slots &- 1)
        count &-= 1
        return element
    }

    @inlinable
    mutating func popLast() -> Element {
        count &-= 1
        return (storage + (head &+ count) & (slots &- 1)).move()
    }

    @inlinable
    mutating func swapAt(_ first: Int, _ second: Int) {
        guard first != second else { return }
        let one = storage + (head &+ first) & (slots &- 1)
        let other = storage + (head &+ second) & (slots &- 1)
        let element = one.move()
        one.moveInitialize(from: other, count: 1)
        other.initialize(to: element)
    }

    /// Adds to the heap.
    @inlinable
    mutating func push(_ element: consuming Element, _ precedes: (Element, Element) -> Bool) {
        append(element)
        var child = count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(self[child], self[parent]) else { return }
            swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the first of the heap.
    @inlinable
    mutating func pop(_ precedes: (Element, Element) -> Bool) -> Element {
        swapAt(0, count - 1)
        let first = popLast()
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < count else { return first }
            if child + 1 < count && precedes(self[child + 1], self[child]) { child += 1 }
            guard precedes(self[child], self[parent]) else { return first }
            swapAt(child, parent)
            parent = child
        }
    }

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
