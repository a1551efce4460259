import Concerto
import ConcertoRuntime
import Dispatch
import Foundation

/// `runBlocking` where only a program of its own can try it: on the main thread. One case a run, named by the first
/// argument. Ends with 0 if it held; what doesn't end has failed.
@main
struct BlockingProgram {
    static func main() throws {
        let name = CommandLine.arguments.dropFirst().first ?? ""
        if name.hasPrefix("pool") {
            guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(2) }
        }
        switch name {
        case "pool-main-thread", "stock-main-thread":
            // Not in a task: the main actor's work has to be pumped in the middle of this call.
            let answers = try runBlocking { await mainActorWork() }
            exit(answers == [true, true, true] ? 0 : 1)
        case "pool-main-actor":
            Task { @MainActor in
                // In a task of the main actor, nested: each call pumps the main loop again.
                let answers = nested()
                exit(answers == [true, true, true] && Thread.isMainThread ? 0 : 1)
            }
            _PoolInternals.pumpMainLoop { false }
        case "stock-main-actor":
            Task { @MainActor in
                await Task.yield()
                exit(refusesToBlock() ? 0 : 1)
            }
            dispatchMain()
        case "context-semaphore": waitForReport()
        default: exit(3)
        }
    }

    /// Whether code of the main actor ran, also after a suspension, and after one of its delays.
    private static func mainActorWork() async -> [Bool] {
        let first = await MainActor.run { true }
        let second = await Task { @MainActor in
            await Task.yield()
            MainActor.assertIsolated()
            return true
        }.value
        try? await Task.delay(for: .milliseconds(1))
        let third = await withUnsafeContinuation { reply in DispatchQueue.main.async { reply.resume(returning: true) } }
        return [first, second, third]
    }

    /// The main actor's work in a blocking call in the main actor's work in a blocking call.
    private static func nested() -> [Bool] {
        let answers = try? runBlocking { await MainActor.run { try? runBlocking { await mainActorWork() } } }
        return (answers ?? nil) ?? []
    }

    /// A semaphore on the thread of a context, as `.Result` on .NET's UI thread; ends once it is reported.
    private static func waitForReport() -> Never {
        _ = try? ThreadPool(.init(minThreads: 1, name: "reports", reportsBlocking: true))
        let reported = DispatchSemaphore(value: 0)
        ThreadPool.onBlockingReport { report in
            print(report)
            reported.signal()
        }
        let context = SynchronizationContext.withThread(named: "interface")
        context.post { waitOnTheContext(reported) }
        // What waits as it should is not reported: the job pumps meanwhile.
        let pumping = SynchronizationContext.withThread(named: "pumping")
        pumping.post { try runBlocking { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } } }
        while true { pause() }
    }

    @inline(never)
    private static func waitOnTheContext(_ semaphore: DispatchSemaphore) {
        semaphore.wait()
        exit(0)
    }

    private static func refusesToBlock() -> Bool {
        do {
            _ = try runBlocking { await mainActorWork() }
            return false
        } catch {
            return error is DeadlockError
        }
    }
}
