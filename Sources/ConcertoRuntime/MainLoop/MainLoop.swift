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

    func markInstalled() {
        DispatchQueue.main.setSpecific(key: Self.mainQueueKey, value: true)
        installed.store(true, ordering: .releasing)
    }

    /// Marks libdispatch's main queue. After `dispatchMain()` the process's first thread is gone, and what runs on the main
    /// queue, on any thread, is on the main actor.
    private static let mainQueueKey = DispatchSpecificKey<Bool>()

    /// Whether this thread runs on behalf of the main actor.
    static var isCurrent: Bool {
        concerto_is_main_thread() || DispatchQueue.getSpecific(key: mainQueueKey) == true
    }

    func enqueue(_ job: UnownedJob) {
        jobs.withLock { $0.append(Entry(job)) }
        wakeUp()
        if depth.load(ordering: .sequentiallyConsistent) == 0 { askForTurn() }
    }

    /// Somebody else's loop owns the main thread (`dispatchMain`, `RunLoop.main`): asks it to run our jobs.
    private func askForTurn() {
        DispatchQueue.main.async { MainLoop.shared.drain() }
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
        defer {
            // An enqueuer appends, then reads `depth`; this lowers it, then looks at the queue: one sees the other, and
            // no job is left to a loop that has ended.
            let outer = depth.subtract(1, ordering: .sequentiallyConsistent).newValue
            if outer == 0, jobs.withLock({ !$0.isEmpty }) { askForTurn() }
        }
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

    /// One turn on the main queue. Bounded, so that a main actor that always has a next job lets the rest of the main
    /// queue run; and none while one of our loops is on the stack, which runs the jobs itself and looks at its
    /// condition between them.
    private func drain() {
        for _ in 0..<64 {
            guard depth.load(ordering: .sequentiallyConsistent) == 0, let job = jobs.withLock({ $0.popFirst() })
            else { return }
            run(job)
        }
        askForTurn()
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
