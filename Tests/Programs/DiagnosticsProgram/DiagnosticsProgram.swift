import Concerto
import ConcertoDiagnostics
import ConcertoRuntime
import Dispatch
import Foundation

/// What goes wrong on purpose, so that a dump can be looked at; the case is the first argument. Prints "ready" once it has
/// gone wrong and stays so until it is killed.
@main
struct DiagnosticsProgram {
    static func main() {
        let name = CommandLine.arguments.dropFirst().first ?? ""
        if name.hasPrefix("pool") {
            guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(2) }
        }
        switch name {
        case "pool-main-actor", "stock-main-actor": blockMainActor()
        // For debugging these tests: prints the tasks of another process.
        case "dump": return print(try! TaskDump.capture(process: Int32(CommandLine.arguments[2])!).text)
        default: exit(3)
        }
        if name.hasPrefix("pool") { _PoolInternals.pumpMainLoop { false } }
        dispatchMain()
    }

    /// A task that never gives the main actor back, and three that want it.
    static func blockMainActor() {
        Task(name: "hog") { @MainActor in
            await Task.yield()
            for _ in 0..<3 { Task(name: "wants-main") { @MainActor in } }
            say("ready")
            blockForEver()
        }
    }

    @inline(never) static func blockForEver() { while true { usleep(1_000_000) } }

    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
