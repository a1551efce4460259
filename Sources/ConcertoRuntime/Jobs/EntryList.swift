/// A first-in first-out list of entries, linked through the entries themselves: no allocation. Not synchronised.
struct EntryList {
    private(set) var count = 0
    private var head: UInt = 0
    private var tail: UInt = 0

    @inline(__always)
    var isEmpty: Bool { head == 0 }

    @inline(__always)
    mutating func append(_ entry: Entry) {
        entry.link.pointee = 0
        if tail != 0 { Entry(bits: tail).link.pointee = entry.bits } else { head = entry.bits }
        tail = entry.bits
        count += 1
    }

    /// Moves all of `other` behind what is here.
    mutating func append(_ other: consuming EntryList) {
        guard !other.isEmpty else { return }
        if tail != 0 { Entry(bits: tail).link.pointee = other.head } else { head = other.head }
        tail = other.tail
        count += other.count
    }

    @inline(__always)
    mutating func popFirst() -> Entry? {
        guard head != 0 else { return nil }
        let entry = Entry(bits: head)
        head = entry.link.pointee
        if head == 0 { tail = 0 }
        count -= 1
        return entry
    }
}
