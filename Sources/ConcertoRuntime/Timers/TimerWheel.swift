/// A hierarchical timing wheel: insert and remove in O(1), no comparison with other timers.
///
/// Eight levels of 64 slots. A slot of level *n* spans 64ⁿ ticks; a timer stands on the level of the highest
/// bit in which its tick differs from the wheel's present tick, and moves down when the wheel reaches its slot, at
/// most seven times in its life. 48 bits of ticks cover every 63-bit nanosecond, so that nothing overflows.
/// (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987.)
///
/// Not synchronised: ``TimerService`` holds it behind its lock.
struct TimerWheel: ~Copyable {
    /// Nanoseconds of a tick, as a power of two: 2¹⁸ ns = 0.26 ms. A timer fires late by no more than that, and
    /// never early. Empty ticks cost nothing.
    static let tickShift: UInt64 = 18
    private static let levels = 8
    private static let slots = 64

    /// Every timer with a tick up to this one has been handed out.
    private(set) var elapsed: UInt64
    /// Timers in the wheel.
    private(set) var count = 0
    private var sequence: UInt64 = 0
    /// One bit a slot, one word a level.
    private let occupied: UnsafeMutablePointer<UInt64>
    private let heads: UnsafeMutablePointer<TimerNode.Link?>
    private let tails: UnsafeMutablePointer<TimerNode.Link?>

    init(now: Int64) {
        elapsed = Self.lastTick(at: now)
        occupied = .allocate(capacity: Self.levels)
        occupied.initialize(repeating: 0, count: Self.levels)
        heads = .allocate(capacity: Self.levels * Self.slots)
        heads.initialize(repeating: nil, count: Self.levels * Self.slots)
        tails = .allocate(capacity: Self.levels * Self.slots)
        tails.initialize(repeating: nil, count: Self.levels * Self.slots)
    }

    deinit {
        for index in 0..<(Self.levels * Self.slots) {
            var node = heads[index]
            while let current = node {
                node = TimerNode.at(current).next
                Unmanaged<TimerNode>.fromOpaque(current).release()
            }
        }
        occupied.deallocate()
        heads.deallocate()
        tails.deallocate()
    }

    /// The last tick that has begun at `now`: timers up to it are due.
    static func lastTick(at now: Int64) -> UInt64 { UInt64(max(0, now)) >> tickShift }

    /// The tick at which a timer for `deadline` is due: the first that begins at or after it.
    static func tick(for deadline: Int64) -> UInt64 {
        let (sum, _) = UInt64(max(0, deadline)).addingReportingOverflow((1 << tickShift) - 1)
        return sum >> tickShift
    }

    /// The nanosecond at which `tick` begins.
    static func start(of tick: UInt64) -> Int64 {
        tick >= (1 << (63 - tickShift)) ? .max : Int64(tick << tickShift)
    }

    /// Adds a timer. One whose time has passed is handed out by the next ``advance(to:into:)``.
    mutating func insert(_ node: TimerNode) {
        node.sequence = sequence
        sequence &+= 1
        node.tick = Self.tick(for: node.deadline)
        count += 1
        link(Unmanaged.passRetained(node).toOpaque())
    }

    /// Takes a timer out; `false` if it isn't in the wheel (any more).
    mutating func remove(_ node: TimerNode) -> Bool {
        guard node.position != TimerNode.unlinked else { return false }
        let index = Int(node.position)
        let (previous, next) = (node.previous, node.next)
        if let previous { TimerNode.at(previous).next = next } else { heads[index] = next }
        if let next { TimerNode.at(next).previous = previous } else { tails[index] = previous }
        if heads[index] == nil { setOccupied(index, false) }
        node.position = TimerNode.unlinked
        node.previous = nil
        node.next = nil
        count -= 1
        // The caller holds a reference of its own.
        Unmanaged.passUnretained(node).release()
        return true
    }

    /// Takes out every timer that is due at `now`, in the order of deadlines and, among equals, of insertion.
    mutating func advance(to now: Int64, into due: inout [TimerNode]) {
        let target = Self.lastTick(at: now)
        let first = due.count
        while let (index, tick) = nextSlot(), tick <= target {
            // Ticks only grow, so that timers inserted from here on land behind the slot that is emptied now.
            elapsed = max(elapsed, tick)
            var node = heads[index]
            heads[index] = nil
            tails[index] = nil
            setOccupied(index, false)
            while let current = node {
                let timer = TimerNode.at(current)
                node = timer.next
                timer.next = nil
                timer.previous = nil
                timer.position = TimerNode.unlinked
                if timer.tick <= target {
                    count -= 1
                    due.append(Unmanaged<TimerNode>.fromOpaque(current).takeRetainedValue())
                } else {
                    link(current)
                }
            }
        }
        elapsed = max(elapsed, target)
        if due.count - first > 1 {
            due[first...].sort { ($0.deadline, $0.sequence) < ($1.deadline, $1.sequence) }
        }
    }

    /// When the wheel next has something to do (fire, or move timers down a level), or `nil` if it is empty.
    func nextDeadline() -> Int64? {
        nextSlot().map { Self.start(of: $0.tick) }
    }

    private func setOccupied(_ index: Int, _ isOccupied: Bool) {
        // Through a copy: for the thread sanitizer 6.3.1 miscompiles an in-place change through a property of `self`.
        let words = occupied
        let bit = UInt64(1) << UInt64(index % Self.slots)
        let word = words[index / Self.slots]
        words[index / Self.slots] = isOccupied ? word | bit : word & ~bit
    }

    private func nextSlot() -> (index: Int, tick: UInt64)? {
        // A lower level ends before the next slot of a higher one begins: the first level with a timer has the
        // earliest slot.
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(6 * level)
            let present = (elapsed >> shift) & 63
            // Slots before the present one are empty: a timer stands at or after it.
            let slot = UInt64((occupied[level] & (UInt64.max << present)).trailingZeroBitCount)
            let base = (elapsed >> (shift + 6)) << (shift + 6)
            return (level * Self.slots + Int(slot), max(elapsed, base + slot << shift))
        }
        return nil
    }

    private mutating func link(_ node: TimerNode.Link) {
        let timer = TimerNode.at(node)
        let tick = max(timer.tick, elapsed)
        let highest = 63 - ((elapsed ^ tick) | 63).leadingZeroBitCount
        let level = highest / 6
        let slot = Int((tick >> UInt64(6 * level)) & 63)
        let index = level * Self.slots + slot
        let tail = tails[index]
        timer.position = UInt16(index)
        timer.previous = tail
        timer.next = nil
        if let tail { TimerNode.at(tail).next = node } else { heads[index] = node }
        tails[index] = node
        setOccupied(index, true)
    }
}
