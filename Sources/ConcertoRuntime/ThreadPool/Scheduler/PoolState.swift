/// The counters that decide whether a thread is woken, in one word, so that every decision is one compare-and-swap.
///
/// - `active`: threads that are not parked: they run a job, block in one, or search.
/// - `blocked`: of these, how many block, declared or found.
/// - `searching`: of these, how many look for work in other workers' queues.
/// - `parked`: threads that wait to be woken.
/// - `monitorSleeps`: the monitor waits for a signal, not for time.
struct PoolState {
    var bits: UInt64

    static let oneActive: UInt64 = 1
    static let oneBlocked: UInt64 = 1 << 16
    static let oneSearching: UInt64 = 1 << 32
    static let oneParked: UInt64 = 1 << 48
    static let monitorSleepsBit: UInt64 = 1 << 63

    @inline(__always)
    init(_ bits: UInt64) { self.bits = bits }

    @inline(__always)
    var active: Int { Int(bits & 0xFFFF) }
    @inline(__always)
    var blocked: Int { Int((bits >> 16) & 0xFFFF) }
    @inline(__always)
    var searching: Int { Int((bits >> 32) & 0xFFFF) }
    @inline(__always)
    var parked: Int { Int((bits >> 48) & 0x7FFF) }
    @inline(__always)
    var monitorSleeps: Bool { bits & Self.monitorSleepsBit != 0 }

    /// Threads that use a processor, or could.
    @inline(__always)
    var running: Int { active - blocked }
}
