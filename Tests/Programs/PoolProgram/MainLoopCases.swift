import ConcertoRuntime
import Dispatch
import Foundation

/// What the main loop owes to a main thread.
enum MainLoopCases {
    /// A main actor that always has a next job: the main queue has its turn, and the pump looks at its condition.
    static func busyMainActor() {
        install()
        let queueRan = Flag()
        @MainActor func again() { Task { @MainActor in again() } }
        Task { @MainActor in again() }
        DispatchQueue.main.async { queueRan.set() }
        _PoolInternals.pumpMainLoop { queueRan.isSet }
        let ends = Flag()
        DispatchQueue.global().async {
            ends.set()
            _PoolInternals.wakeMainLoop()
        }
        _PoolInternals.pumpMainLoop { ends.isSet }
        exit(0)
    }

    /// Jobs that are enqueued while a pump ends are run by whoever owns the thread next.
    static func leftOverJobs() {
        install()
        let count = 2_000
        let left = Countdown(count)
        for _ in 0..<count {
            let begun = Flag()
            Task.detached {
                begun.set()
                _PoolInternals.wakeMainLoop()
                await MainActor.run { if left.isLast() { exit(0) } }
            }
            _PoolInternals.pumpMainLoop { begun.isSet }
        }
        dispatchMain()
    }

    /// The first thread is gone, and what runs on the main queue is on the main actor all the same.
    static func isolationAfterDispatchMain() {
        install()
        DispatchQueue.main.async {
            MainActor.assumeIsolated {}
            Task { @MainActor in
                MainActor.assertIsolated()
                exit(0)
            }
        }
        dispatchMain()
    }

    private static func install() {
        guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(2) }
    }
}
