import Synchronization

/// A worker's own first-in first-out queue: a bounded ring that its owner pushes to and pops from, and from which
/// others steal half.
///
/// The head is two 32-bit counters in one word, `steal` and `real`. `real` is where the next entry is taken; `steal`
/// stays behind while a thief copies the entries in `steal..<real`, which it owns but which the ring still holds. So:
///
/// - an entry is taken by the compare-and-swap that moves `real` past it, by the owner or one thief, never both;
/// - the owner writes a cell only if `tail - steal < capacity`, so never into a cell that a thief still reads;
/// - there is at most one thief at a time (`steal != real`), others turn away.
///
/// The counters wrap around; only differences count. This is the scheme of tokio's and Go's run queues.
struct LocalQueue: ~Copyable {
    static let capacity: UInt32 = 256
    private static let mask = capacity - 1

    private let head = Atomic<UInt64>(0)
    /// Written by the owner only.
    private let tail = Atomic<UInt32>(0)
    private let cells: UnsafeMutablePointer<UInt>

    init() {
        cells = .allocate(capacity: Int(Self.capacity))
        cells.initialize(repeating: 0, count: Int(Self.capacity))
    }

    deinit { cells.deallocate() }

    @inline(__always)
    private static func pack(_ steal: UInt32, _ real: UInt32) -> UInt64 { UInt64(steal) << 32 | UInt64(real) }

    @inline(__always)
    private static func unpack(_ head: UInt64) -> (steal: UInt32, real: UInt32) {
        (UInt32(truncatingIfNeeded: head >> 32), UInt32(truncatingIfNeeded: head))
    }

    /// Entries that can be taken. From any thread; sequentially consistent, for the parking handshake.
    @inline(__always)
    var count: Int {
        let real = Self.unpack(head.load(ordering: .sequentiallyConsistent)).real
        // `head` may have moved on by now, but never past what `tail` is read as after it.
        return Int(tail.load(ordering: .sequentiallyConsistent) &- real)
    }

    @inline(__always)
    var isEmpty: Bool { count == 0 }

    /// Whether the owner finds nothing. By the owner only: it knows its own tail, and thieves only make it emptier.
    @inline(__always)
    var isEmptyForOwner: Bool {
        tail.load(ordering: .relaxed) == Self.unpack(head.load(ordering: .relaxed)).real
    }

    /// How many entries can be added. By the owner only: thieves only make more room.
    ///
    /// An empty ring need not have room for all: a thief that sleeps while it copies keeps its cells, and those behind
    /// them as the owner goes on.
    var room: Int {
        let (steal, _) = Self.unpack(head.load(ordering: .acquiring))
        return Int(Self.capacity - (tail.load(ordering: .relaxed) &- steal))
    }

    /// Adds an entry. By the owner only.
    ///
    /// - Returns: `false` if there is no room.
    @inline(__always)
    func push(_ entry: Entry) -> Bool {
        let (steal, _) = Self.unpack(head.load(ordering: .acquiring))
        let tail = tail.load(ordering: .relaxed)
        guard tail &- steal < Self.capacity else { return false }
        cells[Int(tail & Self.mask)] = entry.bits
        // Publishes the cell to thieves, and orders it before the look for sleepers that follows.
        self.tail.store(tail &+ 1, ordering: .sequentiallyConsistent)
        return true
    }

    /// Takes the oldest entry. By the owner only.
    @inline(__always)
    func pop() -> Entry? {
        var head = head.load(ordering: .acquiring)
        while true {
            let (steal, real) = Self.unpack(head)
            guard real != tail.load(ordering: .relaxed) else { return nil }
            let next = real &+ 1
            let (exchanged, current) = self.head.compareExchange(
                expected: head, desired: Self.pack(steal == real ? next : steal, next),
                successOrdering: .acquiringAndReleasing, failureOrdering: .acquiring)
            // Only the owner writes cells, so the cell cannot change under it.
            if exchanged { return Entry(bits: cells[Int(real & Self.mask)]) }
            head = current
        }
    }

    /// Takes the older half out of a full ring, for the shared queue. By the owner only.
    ///
    /// - Returns: `nil` if a thief has made room, or is about to.
    func popHalf() -> EntryList? {
        let head = head.load(ordering: .acquiring)
        let (steal, real) = Self.unpack(head)
        let count = Self.capacity / 2
        guard steal == real, tail.load(ordering: .relaxed) &- real == Self.capacity else { return nil }
        let next = real &+ count
        let (exchanged, _) = self.head.compareExchange(
            expected: head, desired: Self.pack(next, next), ordering: .acquiringAndReleasing)
        guard exchanged else { return nil }
        var list = EntryList()
        for index in 0..<count { list.append(Entry(bits: cells[Int((real &+ index) & Self.mask)])) }
        return list
    }

    /// Moves half of what is here, rounded up, into `target`, which belongs to the caller.
    ///
    /// - Returns: The last of the stolen entries, which is not put into `target`.
    func steal(into target: borrowing LocalQueue) -> Entry? {
        guard target.room >= Self.capacity / 2 else { return nil }
        var head = head.load(ordering: .acquiring)
        var start: UInt32
        var count: UInt32
        while true {
            let (steal, real) = Self.unpack(head)
            guard steal == real else { return nil }
            let available = tail.load(ordering: .acquiring) &- real
            guard available > 0 else { return nil }
            // A tail that is read later than the head may be more than a ring ahead of it: look again.
            guard available <= Self.capacity else {
                head = self.head.load(ordering: .acquiring)
                continue
            }
            start = real
            count = available - available / 2
            let (exchanged, current) = self.head.compareExchange(
                expected: head, desired: Self.pack(steal, real &+ count),
                successOrdering: .acquiringAndReleasing, failureOrdering: .acquiring)
            if exchanged { break }
            head = current
        }
        // The target's owner is the caller: nobody else pushes there, and thieves only take what its tail shows.
        let free = target.tail.load(ordering: .relaxed)
        for index in 0..<(count - 1) {
            target.cells[Int((free &+ index) & Self.mask)] = cells[Int((start &+ index) & Self.mask)]
        }
        let last = Entry(bits: cells[Int((start &+ count &- 1) & Self.mask)])
        if count > 1 { target.tail.store(free &+ (count - 1), ordering: .sequentiallyConsistent) }
        // Gives the cells back to the owner. `real` may have moved on meanwhile; `steal` follows it.
        head = self.head.load(ordering: .relaxed)
        while true {
            let (_, real) = Self.unpack(head)
            let (exchanged, current) = self.head.compareExchange(
                expected: head, desired: Self.pack(real, real), successOrdering: .acquiringAndReleasing,
                failureOrdering: .relaxed)
            if exchanged { return last }
            head = current
        }
    }
}
