import CConcerto
import Dispatch
import Synchronization

/// Runs the main actor's jobs on the process's main thread, and libdispatch's main queue with them.
///
/// Stock Swift 6.3 leaves the main thread for good at the first suspension of `main`, after which nothing can be
/// pumped there. This loop keeps it: `run(until:)` is re-entrant, so that `runBlocking` on the main thread can run
/// what it waits for.
///
/// Invariant against a lost wake-up: who adds a job signals after adding it; the loop clears the signal before it
/// looks at the queue, and waits only on the signal.
final class MainLoop: Sendable {
    static let shared = MainLoop()

    private let jobs = Locked(EntryList())
    /// Set while a signal is on its way, so that a burst of jobs writes to the descriptor once.
    private let signalled = Atomic(false)
    private let installed = Atomic(false)
    /// How many `run(until:)` are on the main thread's stack.
    private let depth = Atomic(0)
    private let stopRequests = Atomic(0)
    private let descriptor: CInt

    private init() {
        descriptor = concerto_signal_create()
    }

    /// Whether the main actor runs here.
    var isInstalled: Bool { installed.load(ordering: .acquiring) }

    func markInstalled() { installed.store(true, ordering: .releasing) }

    func enqueue(_ job: UnownedJob) {
        jobs.withLock { $0.append(Entry(job)) }
        wakeUp()
        // Somebody else's loop owns the main thread (`dispatchMain`, `RunLoop.main`): ask it to run our jobs.
        if depth.load(ordering: .sequentiallyConsistent) == 0 {
            DispatchQueue.main.async { MainLoop.shared.drain() }
        }
    }

    func wakeUp() {
        guard !signalled.exchange(true, ordering: .sequentiallyConsistent) else { return }
        concerto_signal_raise(descriptor)
    }

    /// Ends the innermost ``run(until:)``.
    func stop() {
        stopRequests.add(1, ordering: .sequentiallyConsistent)
        wakeUp()
    }

    /// Runs jobs until `condition` is true or ``stop()`` is called. On the main thread.
    func run(until condition: () -> Bool) {
        depth.add(1, ordering: .sequentiallyConsistent)
        defer { depth.subtract(1, ordering: .sequentiallyConsistent) }
        let mainQueue = concerto_main_queue_handle()
        var ran = 0
        while !condition() {
            if takeStopRequest() { return }
            if let job = jobs.withLock({ $0.popFirst() }) {
                run(job)
                ran += 1
                // The main queue gets its turn while the main actor is busy.
                if ran % 64 == 0 { waitForWork(mainQueue, timeout: 0) }
            } else {
                waitForWork(mainQueue, timeout: -1)
            }
        }
    }

    private func drain() {
        while let job = jobs.withLock({ $0.popFirst() }) { run(job) }
    }

    private func run(_ entry: Entry) {
        entry.job?.runSynchronously(on: MainActor.sharedUnownedExecutor)
    }

    private func takeStopRequest() -> Bool {
        guard stopRequests.load(ordering: .relaxed) > 0 else { return false }
        stopRequests.subtract(1, ordering: .relaxed)
        return true
    }

    private func waitForWork(_ mainQueue: CInt, timeout: CInt) {
        let raised = concerto_signal_wait(descriptor, mainQueue, timeout)
        if raised & 1 != 0 { signalled.store(false, ordering: .sequentiallyConsistent) }
        if raised & 2 != 0 { concerto_main_queue_drain() }
    }
}
