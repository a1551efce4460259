import Concerto
import ConcertoDiagnostics
import ConcertoRuntime
import Dispatch
import Foundation

/// What goes wrong on purpose, so that a dump can be looked at; the case is the first argument. Prints "ready" once it has
/// gone wrong and stays so until it is killed.
@main
struct DiagnosticsProgram {
    @MainActor static func main() {
        let name = CommandLine.arguments.dropFirst().first ?? ""
        if name.hasPrefix("pool") {
            guard case .installed(mainLoop: true) = ThreadPool.installAsDefault() else { exit(2) }
        }
        switch name {
        case "pool-main-actor", "stock-main-actor": blockMainActor()
        case "stock-blocked": blockThreads()
        case "stock-blocked-open", "stock-blocked-signal": blockThreadsAndLetLook(name)
        case "stock-computing": compute()
        case "stock-deadlock": waitInACircle()
        case "stock-lock": queueForALock()
        case "stock-dependency": awaitAnswers()
        case "stock-limiter": queueForALimiter()
        case "stock-actor": crowdAnActor()
        case "stock-idle": idle()
        case "open": listenAlone()
        case "stock-leak": leak()
        case "dump-self": return dumpSelf()
        case "dump-many": return dumpMany()
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

    /// More tasks that block than there are threads.
    static func blockThreads() {
        for _ in 0..<64 { Task.detached(name: "blocks") { blockForEver() } }
        say("ready")
    }

    /// The same in a program that lets people look into it.
    @MainActor static func blockThreadsAndLetLook(_ name: String) {
        let folder = ProcessInfo.processInfo.environment["CONCERTO_TEST_FOLDER"]
        var options = DiagnosticsSocket.Options()
        options.folder = folder
        if name == "stock-blocked-open" {
            keptSocket = try! Diagnostics.listen(options)
        } else {
            try! Diagnostics.dumpOnSignal(to: folder.map { .folder($0) } ?? .standardError)
        }
        blockThreads()
    }

    /// Nothing but the socket: Dispatch, which tasks' sleep would begin, ends a process without a descriptor left.
    @MainActor static func listenAlone() {
        var options = DiagnosticsSocket.Options()
        options.folder = CommandLine.arguments[2]
        keptSocket = try! Diagnostics.listen(options)
        say("ready")
        blockForEver()
    }

    /// Open until the program ends.
    @MainActor static var keptSocket: DiagnosticsSocket?

    /// More tasks that compute than there are threads, and give each other turns now and then.
    static func compute() {
        for _ in 0..<64 {
            Task.detached(name: "computes") {
                while true {
                    spin()
                    await Task.yield()
                }
            }
        }
        say("ready")
    }

    @inline(never) static func spin() {
        var value: UInt64 = 1
        for round in 0..<200_000 as Range<UInt64> { value = value &* 6_364_136_223_846_793_005 &+ round }
        if value == 0 { say("never") }
    }

    static func waitInACircle() {
        Task.detached {
            let (turn, signal) = AsyncStream.makeStream(of: Task<Void, Never>.self)
            let first = Task.detached(name: "first") { for await other in turn { await other.value } }
            let second = Task.detached(name: "second") { await first.value }
            signal.yield(second)
            say("ready")
        }
    }

    static func queueForALock() {
        let lock = AsyncLock(name: "the only one")
        for _ in 0..<20 {
            Task.detached {
                while true { await holdForAWhile(lock) }
            }
        }
        say("ready")
    }

    static func holdForAWhile(_ lock: AsyncLock) async {
        try? await lock.withLock { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Has the name of a client whose answers are long in coming.
    final class HTTPClient: Sendable {
        func execute() async { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }

    static func awaitAnswers() {
        let client = HTTPClient()
        for _ in 0..<20 { Task.detached { await client.execute() } }
        say("ready")
    }

    /// Has the name of a limiter that lets nobody in.
    final class RateLimiter: Sendable {
        func acquire() async { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }

    static func queueForALimiter() {
        let limiter = RateLimiter()
        for _ in 0..<20 { Task.detached { await limiter.acquire() } }
        say("ready")
    }

    actor Shop {
        // asynclint:ignore:next blocking-call-in-async — the report has to name it
        func serve() { usleep(20_000) }
    }

    static func crowdAnActor() {
        let shop = Shop()
        for _ in 0..<20 {
            Task.detached { while true { await shop.serve() } }
        }
        say("ready")
    }

    static func idle() {
        for _ in 0..<20 { Task.detached { while true { try? await Task.sleep(for: .milliseconds(50)) } } }
        say("ready")
    }

    /// More and more tasks that wait for what never comes.
    static func leak() {
        Task.detached {
            for number in 0... {
                Task.detached(name: "forgotten") { await waitForNothing() }
                if number == 200 { say("ready") }
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    final class Count: Sendable {
        private let count = Guarded(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    /// Twenty tasks that wait, and a dump of this process by itself; scripts/check-sanitizers reads it.
    static func dumpSelf() {
        let waiting = Count()
        for _ in 0..<20 {
            Task.detached(name: "waits") {
                waiting.add()
                await waitForNothing()
            }
        }
        var dump = TaskDump.capture()
        let isIn = { (dump: TaskDump) in dump.tasks.count { $0.name == "waits" && $0.state == .suspended } == 20 }
        while !isIn(dump), dump.notes.isEmpty || !dump.tasks.isEmpty || waiting.value < 20 {
            usleep(10_000)
            dump = TaskDump.capture()
        }
        say(dump.text)
    }

    /// 100,000 tasks that wait beside one that goes on, and what a dump of them costs; a line of JSON.
    static func dumpMany() {
        let (waiting, turns) = (Count(), Count())
        for _ in 0..<100_000 {
            Task.detached(name: "waits") {
                waiting.add()
                await waitForNothing()
            }
        }
        while waiting.value < 100_000 { usleep(1_000) }
        Task.detached(name: "goes on") {
            while true {
                await Task.yield()
                turns.add()
            }
        }
        // The first dump tests itself; what counts is the next.
        _ = TaskDump.capture()
        func rate(_ body: () -> Void) -> (turns: Int, seconds: Double) {
            let (before, begun) = (turns.value, MonotonicTime.now)
            body()
            return (turns.value - before, Double(MonotonicTime.now - begun) / 1e9)
        }
        let alone = rate { usleep(500_000) }
        var dump: TaskDump?
        let beside = rate { dump = TaskDump.capture() }
        let listed = dump!.tasks.count { $0.name == "waits" && $0.state == .suspended }
        let group = dump!.groups.map(\.count).max() ?? 0
        say(
            "{\"listed\":\(listed),\"largest_group\":\(group),\"turns_beside\":\(beside.turns),"
                + "\"seconds\":\(beside.seconds),\"read_seconds\":\(dump!.cost.seconds),"
                + "\"processor_seconds\":\(dump!.cost.processorSeconds),"
                + "\"turns_a_second_alone\":\(Double(alone.turns) / alone.seconds),"
                + "\"turns_a_second_beside\":\(Double(beside.turns) / beside.seconds)}")
    }

    @inline(never) static func waitForNothing() async {
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }

    @inline(never) static func blockForEver() { while true { usleep(1_000_000) } }

    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
