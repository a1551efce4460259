import ConcertoRuntime
import Dispatch
import Foundation

/// What an installation does when it is not the first statement of a `main`, or is asked for the impossible.
enum InstallationCases {
    /// Every invalid value is named, tasks run as before, and a valid configuration may follow.
    static func invalidConfiguration() {
        let refused = ThreadPool.installAsDefault(.init(minThreads: 0, name: "far-too-long"))
        guard case .unavailable(let reason) = refused, reason.contains("minThreads is 0"),
            reason.contains("name is \"far-too-long\"")
        else { exit(4) }
        guard ThreadPool.default == nil else { exit(5) }
        require(orExit: 6) { ThreadPool.current == nil }
        guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(7) }
        guard case .alreadyInstalled = ThreadPool.installAsDefault() else { exit(8) }
        require(orExit: 9) { ThreadPool.current === ThreadPool.default }
        exit(0)
    }

    /// As above for the environment; who runs this sets it.
    static func invalidEnvironment() {
        guard case .unavailable = ThreadPool.installAsDefault() else { exit(4) }
        require(orExit: 5) { ThreadPool.current == nil }
        exit(0)
    }

    /// What the environment says overrides what the program does; who runs this sets it.
    static func environment() {
        guard case .installed = ThreadPool.installAsDefault(.init(minThreads: 1, name: "program")) else { exit(4) }
        guard let configuration = ThreadPool.default?.configuration else { exit(5) }
        guard configuration.minThreads == 3, configuration.name == "outside" else { exit(6) }
        exit(0)
    }

    /// The default of `minThreads` follows the affinity mask, which a cpuset narrows.
    static func oneProcessor() {
        // Swift's overlay does not show these.
        typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> CInt
        guard let get = dlsym(nil, "sched_getaffinity"), let set = dlsym(nil, "sched_setaffinity") else { exit(4) }
        var mask = [UInt8](repeating: 0, count: 128)
        guard unsafeBitCast(get, to: Affinity.self)(0, mask.count, &mask) >= 0,
            let first = mask.firstIndex(where: { $0 != 0 })
        else { exit(5) }
        var one = [UInt8](repeating: 0, count: mask.count)
        one[first] = mask[first] & (0 &- mask[first])
        guard unsafeBitCast(set, to: Affinity.self)(0, one.count, &one) == 0 else { exit(6) }
        exit(ThreadPool.Configuration().minThreads == 1 ? 0 : 7)
    }

    /// The main actor stays on Swift's executor, and everything else moves.
    static func onAnotherThread() {
        Thread.detachNewThread {
            guard case .installed(mainLoop: false) = ThreadPool.installAsDefault() else { exit(4) }
            require(orExit: 5) { ThreadPool.current === ThreadPool.default }
            Task { @MainActor in
                MainActor.assertIsolated()
                guard Thread.isMainThread, ThreadPool.current == nil else { exit(6) }
                await Task.detached { if ThreadPool.current == nil { exit(7) } }.value
                MainActor.assertIsolated()
                exit(0)
            }
        }
        RunLoop.main.run()
    }

    /// Tasks of before, those that sleep included, come to their end; what they start afterwards is on the pool.
    static func afterEarlierTasks() {
        let count = 100
        let begun = Countdown(count)
        let allBegan = DispatchSemaphore(value: 0)
        let ended = Countdown(count)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let open = Task { for await _ in gate {} }
        for index in 0..<count {
            Task.detached {
                if begun.isLast() { allBegan.signal() }
                // A busy machine may let the sleepers wake before.
                if index.isMultiple(of: 2) { await open.value } else { try? await Task.sleep(for: .milliseconds(20)) }
                let isInstalled = ThreadPool.default != nil
                await Task.detached { if isInstalled, ThreadPool.current == nil { exit(4) } }.value
                if ended.isLast() { exit(0) }
            }
        }
        // asynclint:ignore:next sync-over-async-bridge — a thread that no task needs
        allBegan.wait()
        guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(5) }
        opener.finish()
        dispatchMain()
    }

    /// Waits on this thread for a task that looks whether `body` holds.
    private static func require(orExit code: Int32, _ body: @escaping @Sendable () -> Bool) {
        let answered = DispatchSemaphore(value: 0)
        Task.detached {
            guard body() else { exit(code) }
            answered.signal()
        }
        // asynclint:ignore:next sync-over-async-bridge — a thread that no task needs
        answered.wait()
    }
}
