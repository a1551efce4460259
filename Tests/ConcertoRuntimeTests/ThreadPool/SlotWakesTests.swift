import CConcerto
import Testing

@testable import ConcertoRuntime

/// When an entry in the slot of a busy worker is worth waking a thread. Times are in tenths of the shortest interval.
struct SlotWakesTests {
    /// The intervals between wakes if an entry comes every tenth.
    private func intervals(
        _ slot: inout SlotWakes, during times: Range<UInt64>, taken: (UInt64) -> UInt32 = { _ in 0 }
    ) -> [UInt64] {
        let tenth = concerto_ticks_50us() / 10
        let wakes = times.filter { slot.isTime(at: $0 * tenth, taken: taken($0)) }
        return zip(wakes.dropFirst(), wakes).map(-)
    }

    @Test func `as long as nobody takes anything the interval doubles up to sixteen times the shortest`() {
        var slot = SlotWakes()
        let intervals = intervals(&slot, during: 10_000..<11_000)
        // The first comes after a long pause. A wake is due when more than the interval has passed.
        #expect(intervals == [11, 21, 41, 81, 161, 161, 161, 161, 161])
    }

    @Test func `what was taken makes the interval short again`() {
        var slot = SlotWakes()
        _ = intervals(&slot, during: 10_000..<11_000)
        let after = intervals(&slot, during: 11_000..<11_500) { UInt32($0) }
        #expect(Set(after) == [11])
    }

    @Test func `a while without any entry makes the interval short again`() {
        var slot = SlotWakes()
        _ = intervals(&slot, during: 10_000..<11_000)
        #expect(intervals(&slot, during: 20_000..<20_040) == [11, 21])
    }
}
