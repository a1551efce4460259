import Foundation
import Synchronization

/// What can only be tried in a process of one's own: one case a run, named by the first argument. Ends with 0 if it
/// held; what doesn't end has failed.
@main
struct PoolProgram {
    static func main() {
        switch CommandLine.arguments.dropFirst().first {
        case "busy-main-actor": MainLoopCases.busyMainActor()
        case "left-over-jobs": MainLoopCases.leftOverJobs()
        case "dispatch-main": MainLoopCases.isolationAfterDispatchMain()
        case "no-descriptors": BlockingCases.withoutDescriptors()
        case "no-threads": BlockingCases.withoutThreads()
        case "invalid-configuration": InstallationCases.invalidConfiguration()
        case "invalid-environment": InstallationCases.invalidEnvironment()
        case "environment": InstallationCases.environment()
        case "one-processor": InstallationCases.oneProcessor()
        case "no-first-thread": BlockingCases.withoutFirstThread()
        case "other-thread": InstallationCases.onAnotherThread()
        case "earlier-tasks": InstallationCases.afterEarlierTasks()
        default: exit(3)
        }
    }
}

final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
    func set() { value.store(true, ordering: .sequentiallyConsistent) }
}

final class Countdown: Sendable {
    private let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
    func isLast() -> Bool { left.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 }
}
