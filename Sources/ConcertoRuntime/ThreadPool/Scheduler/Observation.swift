import CConcerto
import Synchronization

/// Where the scheduler says what happens. One relaxed load when nobody listens.
final class Observation: Sendable {
    /// Who listens, one bit each.
    enum Listener: UInt8 {
        case latency = 1
        case observer = 2
    }

    private let listeners = Atomic<UInt8>(0)

    @inline(__always)
    var isOn: Bool { listeners.load(ordering: .relaxed) != 0 }

    func turnOn(_ listener: Listener) { listeners.bitwiseOr(listener.rawValue, ordering: .relaxed) }
    func turnOff(_ listener: Listener) { listeners.bitwiseAnd(~listener.rawValue, ordering: .relaxed) }

    func enqueued(_ entry: Entry) {
        entry.stamp.pointee = UInt(bitPattern: Int(concerto_now()))
    }

    func starts(_ entry: Entry, _ scheduler: Scheduler, _ worker: Int) {
        let stamp = Int64(Int(bitPattern: entry.stamp.pointee))
        // 0: enqueued before anybody listened.
        if stamp != 0 { scheduler.latency?.record(concerto_now() - stamp) }
    }

    func ends(_ entry: Entry, _ worker: Int) {}
    func workerBlocked(_ worker: Int) {}
    func workerRecovered(_ worker: Int) {}
    func threadStarted(_ worker: Int) {}
    func threadRetired(_ worker: Int) {}
}
