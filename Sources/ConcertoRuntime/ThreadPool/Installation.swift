import CConcerto
import Synchronization

/// The process's default pool, and what is known about the runtime.
enum Installation {
    static let state = Mutex<ThreadPool.InstallationResult?>(nil)
    /// The default pool lives as long as the process: jobs hold unowned references to it.
    private static let installed = Atomic<UInt>(0)
    /// Variables that nobody reads are named once.
    static let hasComplained = Atomic(false)

    static var pool: ThreadPool? {
        UnsafeRawPointer(bitPattern: installed.load(ordering: .acquiring))
            .map { Unmanaged<ThreadPool>.fromOpaque($0).takeUnretainedValue() }
    }

    static var isInstalled: Bool { installed.load(ordering: .relaxed) != 0 }

    static func set(_ pool: ThreadPool) {
        installed.store(UInt(bitPattern: Unmanaged.passRetained(pool).toOpaque()), ordering: .releasing)
    }

    /// Whether jobs look as the pool expects them: the flags and the private words at their places. Asked of a job
    /// that is made for it.
    static let layoutHolds: Bool = {
        #if os(Linux)
        RuntimeSPI.jobLayoutHolds()
        #else
        false
        #endif
    }()
}

extension ThreadPool {
    /// What ``ThreadPool/installAsDefault(_:)`` did.
    public enum InstallationResult: Sendable, CustomStringConvertible {
        /// Every task runs on the pool from now on.
        ///
        /// - Parameter mainLoop: Whether the main actor has moved to Concerto's main loop on the main thread too. `false`:
        ///   it stays on Swift's executor, because the pool was installed from another thread. Tasks and requests run on the
        ///   pool all the same; what is missing is that `runBlocking` on the main actor can pump it, and throws
        ///   `DeadlockError` instead. That is so in `run()` of an `AsyncParsableCommand`, see ``ThreadPool/installAsDefault(_:)``.
        case installed(mainLoop: Bool)
        /// A call before this one installed it; this one changed nothing.
        case alreadyInstalled
        /// Tasks run on Swift's own executor, as before.
        case unavailable(reason: String)

        /// A sentence for a log.
        public var description: String {
            switch self {
            case .installed(mainLoop: true): "ThreadPool installed, main actor on Concerto's main loop"
            case .installed(mainLoop: false): "ThreadPool installed, main actor left on Swift's executor"
            case .alreadyInstalled: "ThreadPool was installed before"
            case .unavailable(let reason): "ThreadPool not installed: \(reason)"
            }
        }
    }

    /// Makes a pool the executor of the whole process. Call it as the first statement of `main`, also of an `async` one.
    ///
    /// From then on `Task {}`, `Task.detached`, task groups, `async let`, default actors and `Task.sleep` run on the
    /// pool, and `@MainActor` runs on Concerto's main loop on the process's main thread, which also drains
    /// libdispatch's main queue. Tasks that were started before run on where they are.
    ///
    /// The environment overrides the configuration (``Configuration``). A self-test runs a task and looks where it ran.
    ///
    /// Where `main` is not yours, as with an `AsyncParsableCommand`, whose `run()` comes after the first suspension and on
    /// whatever thread that resumes, set `CONCERTO_POOL=1` in the environment: the pool is then there before `main`. Or give
    /// the command a `main` of its own:
    ///
    /// ```swift
    /// @main struct Program {
    ///     static func main() async {
    ///         ThreadPool.installAsDefault()
    ///         await Serve.main()                  // the AsyncParsableCommand, without @main
    ///     }
    /// }
    /// ```
    ///
    /// Called in `run()` it works for every task that starts from then on, and answers `installed(mainLoop: false)`.
    ///
    /// - Parameter configuration: The pool's sizes and names.
    /// - Returns: What it did. Where the pool cannot be had (another toolchain than those that Concerto knows, another
    ///   system than Linux, an invalid configuration) the reason; everything else works as before then, on Swift's
    ///   own executor. An invalid configuration is also written to standard error.
    @discardableResult
    public static func installAsDefault(_ configuration: Configuration = Configuration()) -> InstallationResult {
        Installation.state.withLock { state in
            if let state {
                if case .installed = state { return .alreadyInstalled }
                return state
            }
            let result = install(configuration)
            // What was refused before the runtime was touched may be tried again; after that there is one answer.
            if Installation.isInstalled { state = result }
            return result
        }
    }

    private static func install(_ configuration: Configuration) -> InstallationResult {
        #if os(Linux)
        if let reason = unavailability { return .unavailable(reason: reason) }
        guard RuntimeSPI.isKnown else {
            return .unavailable(reason: "Concerto knows the executor SPI of Swift 6.3 only")
        }
        let environment = Environment.all
        if let complaint = Environment.complaint(about: environment.keys),
            !Installation.hasComplained.exchange(true, ordering: .relaxed)
        {
            Environment.complain(complaint)
        }
        let validated: Configuration
        do {
            validated = try configuration.overridden(by: environment)
        } catch {
            Environment.complain("\(error): the pool is not installed, tasks run on Swift's own executor")
            return .unavailable(reason: "\(error)")
        }
        let mainLoop = concerto_is_main_thread()
        let pool = RuntimeSPI.install(validated, mainLoop: mainLoop)
        Installation.set(pool)
        // The task is alone on the pool: it either runs there at once, or somewhere else, or never.
        let test = SelfTest()
        Task.detached {
            test.onPool.store(ThreadPool.current != nil, ordering: .sequentiallyConsistent)
            test.ran.signal()
        }
        guard test.ran.wait(until: concerto_now() + 10_000_000_000) else {
            return .unavailable(reason: "the self-test's task did not run within 10 s")
        }
        guard test.onPool.load(ordering: .sequentiallyConsistent) else {
            return .unavailable(reason: "the self-test's task ran outside of the pool")
        }
        return .installed(mainLoop: mainLoop)
        #else
        return .unavailable(reason: unavailability ?? "unknown")
        #endif
    }

    private final class SelfTest: Sendable {
        let ran = Event()
        let onPool = Atomic(false)
    }
}
