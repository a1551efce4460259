/// The arithmetic of a ``RetryBudget``: a ring of time slots, each with what was deposited less what was withdrawn.
///
/// Source: Twitter Finagle's `RetryBudget`. Amounts are integers, in millionths of a request, so that nothing drifts.
struct RetryBudgetLedger: AdmissionPolicy {
    static let scale = 1_000_000
    static let slotCount = 10

    /// What was done in one slot of time.
    private struct Slot: Sendable {
        var deposits = 0
        var withdrawals = 0
    }

    private let deposit: Int
    private let cost: Int
    private let reserve: Int
    private let slotLength: Int64
    private var slots = [Slot](repeating: Slot(), count: slotCount)
    /// The number of the newest slot since the clock's origin, and the sum over the ring.
    private var current = Int64.min
    private var sum = 0

    init(_ options: RetryBudget.Options) {
        let scale = Double(Self.scale)
        deposit = options.ratio == 0 ? 0 : Self.scale
        cost = options.ratio == 0 ? Self.scale : max(1, Int((scale / options.ratio).rounded()))
        let ttl = Double(options.ttl.saturatingNanoseconds) / 1e9
        reserve = Int((options.minimumPerSecond * ttl * Double(cost)).rounded())
        slotLength = max(1, options.ttl.saturatingNanoseconds / Int64(Self.slotCount))
    }

    /// Goes on under other options: what was deposited and withdrawn stays so, and is forgotten after the new time.
    mutating func change(to options: RetryBudget.Options, at now: TimerInstant) {
        advance(to: now)
        var next = RetryBudgetLedger(options)
        next.advance(to: now)
        if next.slotLength == slotLength {
            next.slots = slots
        } else {
            for slot in slots {
                next.slots[Self.index(next.current)].deposits += slot.deposits
                next.slots[Self.index(next.current)].withdrawals += slot.withdrawals
            }
        }
        next.sum = next.slots.reduce(0) { $0 + next.amount(of: $1) }
        self = next
    }

    private func amount(of slot: Slot) -> Int { slot.deposits * deposit - slot.withdrawals * cost }

    /// How many retries are allowed at `now`.
    mutating func balance(at now: TimerInstant) -> Int {
        advance(to: now)
        return max(0, (reserve + sum) / cost)
    }

    mutating func deposit(at now: TimerInstant) {
        advance(to: now)
        slots[Self.index(current)].deposits += 1
        sum += deposit
    }

    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
        advance(to: now)
        let (total, overflow) = cost.multipliedReportingOverflow(by: weight)
        guard !overflow, reserve + sum >= total else { return .notBefore(earliest(weight, at: now)) }
        slots[Self.index(current)].withdrawals += weight
        sum -= total
        return .granted(Int(current))
    }

    /// Undoes a withdrawal of one retry in the slot number `slot`, unless that has been forgotten.
    mutating func giveBack(_ slot: AdmissionGrant, at now: TimerInstant) {
        advance(to: now)
        guard current - Int64(slot) < Int64(Self.slotCount) else { return }
        slots[Self.index(Int64(slot))].withdrawals -= 1
        sum += cost
    }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant {
        advance(to: now)
        let (total, overflow) = cost.multipliedReportingOverflow(by: weight)
        guard !overflow else { return .distantFuture }
        var balance = reserve + sum
        guard balance < total else { return now }
        // Slots leave the ring oldest first, and take their deposits and withdrawals along.
        for age in (0..<Int64(Self.slotCount)).reversed() {
            let slot = current - age
            balance -= amount(of: slots[Self.index(slot)])
            if balance >= total {
                return TimerInstant(nanoseconds: (slot + Int64(Self.slotCount)) * slotLength)
            }
        }
        return .distantFuture
    }

    private mutating func advance(to now: TimerInstant) {
        let slot = now.nanoseconds / slotLength
        guard slot > current else { return }
        if current == .min || slot - current >= Int64(Self.slotCount) {
            for index in slots.indices { slots[index] = Slot() }
            sum = 0
        } else {
            for passed in current + 1...slot {
                sum -= amount(of: slots[Self.index(passed)])
                slots[Self.index(passed)] = Slot()
            }
        }
        current = slot
    }

    private static func index(_ slot: Int64) -> Int {
        let index = Int(slot % Int64(slotCount))
        return index < 0 ? index + slotCount : index
    }
}
