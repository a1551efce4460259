import ConcertoRuntime
import Dispatch
import Foundation
import Synchronization

/// What can only be tried with a main thread of one's own: one case a run, named by the first argument. Ends with 0 if
/// it held; what doesn't end has failed.
@main
struct MainLoopProgram {
    static func main() {
        guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(2) }
        switch CommandLine.arguments.dropFirst().first {
        case "busy-main-actor": busyMainActor()
        case "left-over-jobs": leftOverJobs()
        case "dispatch-main": isolationAfterDispatchMain()
        default: exit(3)
        }
    }

    /// A main actor that always has a next job: the main queue has its turn, and the pump looks at its condition.
    private static func busyMainActor() {
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
    private static func leftOverJobs() {
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
    private static func isolationAfterDispatchMain() {
        DispatchQueue.main.async {
            MainActor.assumeIsolated {}
            Task { @MainActor in
                MainActor.assertIsolated()
                exit(0)
            }
        }
        dispatchMain()
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
    func set() { value.store(true, ordering: .sequentiallyConsistent) }
}

private final class Countdown: Sendable {
    private let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
    func isLast() -> Bool { left.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 }
}
