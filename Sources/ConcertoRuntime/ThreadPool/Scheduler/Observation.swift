import CConcerto
import Synchronization

/// Where the scheduler says what happens. One relaxed load when nobody listens.
final class Observation: Sendable {
    /// Who listens, one bit each.
    enum Listener: UInt8 {
        case latency = 1
        case observers = 2
    }

    private let listeners = Atomic<UInt8>(0)
    private let observers = Locked<[any ThreadPool.Observer]>([])

    @inline(__always)
    var isOn: Bool { listeners.load(ordering: .relaxed) != 0 }

    func measureLatency() { listeners.bitwiseOr(Listener.latency.rawValue, ordering: .relaxed) }

    func add(_ observer: any ThreadPool.Observer) {
        observers.withLock { observers in
            observers.append(observer)
            listeners.bitwiseOr(Listener.observers.rawValue, ordering: .relaxed)
        }
    }

    func remove(_ observer: any ThreadPool.Observer) {
        // Released outside the lock: an observer's deinit is its own business.
        let removed = observers.withLock { observers in
            let index = observers.firstIndex { $0 === observer }
            let removed = index.map { observers.remove(at: $0) }
            if observers.isEmpty { listeners.bitwiseAnd(~Listener.observers.rawValue, ordering: .relaxed) }
            return removed
        }
        _ = removed
    }

    private func tell(_ event: (any ThreadPool.Observer) -> Void) {
        guard listeners.load(ordering: .relaxed) & Listener.observers.rawValue != 0 else { return }
        for observer in observers.withLock({ $0 }) { event(observer) }
    }

    /// Before the entry is published: afterwards it may run and be gone at any moment.
    func enqueued(_ entry: Entry) {
        entry.stamp.pointee = UInt(bitPattern: Int(concerto_now()))
        tell { $0.jobEnqueued(ThreadPool.Job(entry)) }
    }

    /// - Returns: What the job was, for ``ends(_:_:)``: by then it is gone.
    func starts(_ entry: Entry, _ scheduler: Scheduler, _ worker: Int) -> ThreadPool.Job {
        if let latency = scheduler.latency {
            latency.record(concerto_now() - Int64(Int(bitPattern: entry.stamp.pointee)))
        }
        let job = ThreadPool.Job(entry)
        tell { $0.jobStarted(job, worker: worker) }
        return job
    }

    func ends(_ job: ThreadPool.Job, _ worker: Int) { tell { $0.jobStopped(job, worker: worker) } }
    func workerBlocked(_ worker: Int, declared: Bool) { tell { $0.workerBlocked(worker, declared: declared) } }
    func workerRecovered(_ worker: Int) { tell { $0.workerRecovered(worker) } }
    func threadStarted(_ worker: Int) { tell { $0.threadStarted(worker) } }
    func threadRetired(_ worker: Int) { tell { $0.threadRetired(worker) } }
}
