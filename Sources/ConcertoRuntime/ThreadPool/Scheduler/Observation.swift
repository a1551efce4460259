import CConcerto
import Synchronization

/// Where the scheduler says what happens. One relaxed load when nobody listens.
final class Observation: Sendable {
    private let on = Atomic(false)

    @inline(__always)
    var isOn: Bool { on.load(ordering: .relaxed) }

    func enqueued(_ entry: Entry) {}
    func starts(_ entry: Entry, _ worker: Int) {}
    func ends(_ entry: Entry, _ worker: Int) {}
    func workerBlocked(_ worker: Int) {}
    func workerRecovered(_ worker: Int) {}
    func threadStarted(_ worker: Int) {}
    func threadRetired(_ worker: Int) {}
}
