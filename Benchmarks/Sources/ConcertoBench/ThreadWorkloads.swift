import Concerto
import Foundation
import Synchronization

/// What a task is beside a thread, and concurrency beside parallelism. By name only: no peer has these rows.
extension Workload {
    static let threads: [Workload] = [
        Workload(name: "waiting_tasks_100k", onlyByName: true) { await waitingTasks(100_000) },
        Workload(name: "waiting_threads_2k", onlyByName: true) { waitingThreads(2_000) },
        named("task_start_join_10k") { for _ in 0..<10_000 { await Task.detached {}.value } },
        named("thread_start_join_10k") { for _ in 0..<10_000 { join(thread {}) } },
        named("cpu_64_serially") { for index in 0..<64 { compute(index) } },
        named("cpu_64_in_parallel") { await eachOf64 { compute($0) } },
        named("wait_64_serially") { for _ in 0..<64 { try? await MonotonicClock().sleep(for: .milliseconds(10)) } },
        named("wait_64_concurrently") {
            await eachOf64 { _ in try? await MonotonicClock().sleep(for: .milliseconds(10)) }
        },
    ]

    private static func named(_ name: String, _ body: @escaping @Sendable () async -> Void) -> Workload {
        let timed = Workload.timed(name, body)
        return Workload(name: name, onlyByName: true, run: timed.run)
    }

    private static func eachOf64(_ body: @escaping @Sendable (Int) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<64 { group.addTask { await body(index) } }
        }
    }

    /// About ten milliseconds of a processor.
    @inline(never)
    private static func compute(_ seed: Int) {
        var value = seed
        for _ in 0..<10_000_000 { value = value &* 6_364_136_223_846_793_005 &+ 1 }
        precondition(value != 0)
    }

    /// Tasks that all wait at once: how long until they do, and what each keeps in memory.
    private static func waitingTasks(_ count: Int) async -> Outcome {
        let before = residentMegabytes()
        let start = ContinuousClock.now
        let gate = AsyncManualResetEvent()
        let waiting = AsyncCountdownEvent(count: count)
        let tasks = (0..<count).map { _ in
            Task {
                _ = try? waiting.signal()
                try? await gate.wait()
            }
        }
        try? await waiting.wait()
        let milliseconds = (ContinuousClock.now - start).milliseconds
        let grown = residentMegabytes() - before
        gate.set()
        for task in tasks { await task.value }
        return Outcome(milliseconds: milliseconds, extra: [("kb_each", grown * 1_000 / Double(count))])
    }

    /// The same with threads, of which a machine has far fewer.
    private static func waitingThreads(_ count: Int) -> Outcome {
        let before = residentMegabytes()
        let start = ContinuousClock.now
        let gate = DispatchSemaphore(value: 0)
        let waiting = DispatchSemaphore(value: 0)
        let threads = (0..<count).map { _ in
            thread {
                waiting.signal()
                gate.wait()
            }
        }
        for _ in 0..<count { waiting.wait() }
        let milliseconds = (ContinuousClock.now - start).milliseconds
        let grown = residentMegabytes() - before
        for _ in 0..<count { gate.signal() }
        for thread in threads { join(thread) }
        return Outcome(milliseconds: milliseconds, extra: [("kb_each", grown * 1_000 / Double(count))])
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Body>.fromOpaque(raw!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(body)).toOpaque())
        precondition(error == 0, "no thread could be started (errno \(error))")
        return thread
    }

    private static func join(_ thread: pthread_t) { pthread_join(thread, nil) }
}
