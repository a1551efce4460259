/// The latest calls: the last so many, or those of the last so much time.
///
/// A ring of counts. Over calls, each slot is one call. Over time, each of ten slots is a tenth of the window; slots
/// that nobody wrote to while time went by are emptied when it is looked at, so idle time leaves nothing behind.
struct CallWindow: Sendable {
    private static let timeSlots = 10

    private(set) var total = CallCounts()
    private var slots: [CallCounts]
    /// The slot that is written to: a position in the ring (calls), or the number of the present tenth (time).
    private var position = Int64(0)
    /// Nanoseconds a slot, or `nil` over calls.
    private let slotLength: Int64?

    init(_ window: CircuitBreakerOptions.Window) {
        switch window {
        case .count(let count):
            slots = Array(repeating: CallCounts(), count: count)
            slotLength = nil
        case .time(let time):
            slots = Array(repeating: CallCounts(), count: Self.timeSlots)
            slotLength = max(1, time.saturatingNanoseconds / Int64(Self.timeSlots))
        }
    }

    mutating func record(_ call: CallCounts, at now: TimerInstant) {
        if slotLength == nil {
            position = (position + 1) % Int64(slots.count)
            empty(Int(position))
        } else {
            advance(to: now)
        }
        slots[index].add(call)
        total.add(call)
    }

    mutating func advance(to now: TimerInstant) {
        guard let slotLength else { return }
        let present = now.nanoseconds / slotLength
        guard present > position else { return }
        let passed = min(present - position, Int64(slots.count))
        for offset in 0..<passed { empty(index(of: present - offset)) }
        position = present
    }

    mutating func reset() {
        for index in slots.indices { slots[index] = CallCounts() }
        total = CallCounts()
    }

    private var index: Int { index(of: position) }

    private func index(of position: Int64) -> Int {
        let index = Int(position % Int64(slots.count))
        return index < 0 ? index + slots.count : index
    }

    private mutating func empty(_ index: Int) {
        total.subtract(slots[index])
        slots[index] = CallCounts()
    }
}
