import CConcerto
import Synchronization

/// A futex word that one thread waits on and others signal. Signals are not lost: one that comes before the wait
/// ends it at once.
struct Event: ~Copyable, @unchecked Sendable {
    // Sendable: the word is atomic and lives as long as the event. On the heap because a futex needs an address.
    private let word: UnsafeMutablePointer<Atomic<UInt32>>

    init() {
        word = .allocate(capacity: 1)
        word.initialize(to: Atomic(0))
    }

    deinit { word.deallocate() }

    /// Waits for a signal and takes it.
    ///
    /// - Parameter deadline: Nanoseconds of `concerto_now`; `.max` waits for ever.
    /// - Returns: `false` if the deadline passed without a signal.
    func wait(until deadline: Int64 = .max) -> Bool {
        while true {
            if word.pointee.exchange(0, ordering: .sequentiallyConsistent) != 0 { return true }
            let address = UnsafeMutableRawPointer(word).assumingMemoryBound(to: UInt32.self)
            guard concerto_futex_wait(address, 0, deadline) else {
                return word.pointee.exchange(0, ordering: .sequentiallyConsistent) != 0
            }
        }
    }

    func signal() {
        guard word.pointee.exchange(1, ordering: .sequentiallyConsistent) == 0 else { return }
        concerto_futex_wake(UnsafeMutableRawPointer(word).assumingMemoryBound(to: UInt32.self), 1)
    }
}
