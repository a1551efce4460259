import CConcerto

/// When an entry in the slot of a busy worker is worth waking a thread.
///
/// At first every 50 µs. As long as nobody takes anything from the slot (its worker is faster, every time) the interval
/// doubles, up to 0.8 ms: two jobs that take turns need no second thread, and looking for one costs them a sixth of
/// their time. What is taken, or a while without any such entry, makes it short again.
struct SlotWakes {
    /// In ticks of the processor, as are all times here.
    private var last: UInt64 = 0
    private var takenBefore: UInt32 = 0
    private var doublings: UInt64 = 0
    private static let maximumDoublings: UInt64 = 4

    /// - Parameters:
    ///   - now: `concerto_ticks()`.
    ///   - taken: How many entries others have taken from the slot so far.
    /// - Returns: Whether to wake a thread now.
    @inline(__always)
    mutating func isTime(at now: UInt64, taken: UInt32) -> Bool {
        let elapsed = now &- last
        guard elapsed > concerto_ticks_50us() &<< doublings else { return false }
        if taken != takenBefore || elapsed > concerto_ticks_50us() &<< (2 * Self.maximumDoublings) {
            doublings = 0
        } else if doublings < Self.maximumDoublings {
            doublings += 1
        }
        takenBefore = taken
        last = now
        return true
    }
}
