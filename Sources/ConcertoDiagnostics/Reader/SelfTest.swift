#if os(Linux)
import CConcerto
import ConcertoRuntime

/// Reads tasks about which everything is known, before any other of this process is read.
///
/// They run on an executor of the test, on the thread that asks: not on a pool, all of whose threads may be blocked when
/// somebody wants a dump.
enum SelfTest {
    /// What differs from what is known; `nil` if nothing does. Tested once.
    static let failure: String? = run()

    /// Keeps jobs until the test runs them.
    private final class SteppedExecutor: TaskExecutor {
        private let jobs = Guarded<[UnownedJob]>([])

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.withLock { $0.append(job) }
        }

        func runAll() {
            while let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
                job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
    }

    private final class Gate: Sendable {
        private let continuation = Guarded<UnsafeContinuation<Void, Never>?>(nil)

        func wait() async {
            await withUnsafeContinuation { continuation in self.continuation.withLock { $0 = continuation } }
        }

        func open() { continuation.withLock { $0.take() }?.resume() }
    }

    private static func run() -> String? {
        let executor = SteppedExecutor()
        let gate = Gate()
        let sleeper = Task<Void, Never>(name: "concerto sleeper", executorPreference: executor, priority: .utility) {
            await gate.wait()
        }
        let waiter = Task<Void, Never>(name: "concerto waiter", executorPreference: executor, priority: .utility) {
            await sleeper.value
        }
        defer {
            gate.open()
            executor.runAll()
        }
        let addresses = [address(sleeper), address(waiter)]
        do {
            let before = try look(addresses)
            try expect(
                before.allSatisfy { $0.status & 0x1800 == UInt32(concerto_task_enqueued) }, "that a task is enqueued")
            executor.runAll()
            waiter.cancel()
            let tasks = try look(addresses)
            let (first, second) = (tasks[0], tasks[1])
            try expect(tasks.allSatisfy { $0.status & 0x1800 == 0 }, "that a task is suspended")
            try expect(first.kind == UInt8(concerto_waits_for_continuation), "that a task waits for a continuation")
            try expect(
                second.kind == UInt8(concerto_waits_for_task) && second.awaited == addresses[0],
                "that a task waits for another")
            try expect(
                second.status & UInt32(concerto_task_cancelled) != 0
                    && first.status & UInt32(concerto_task_cancelled) == 0,
                "that a task was cancelled")
            try expect(tasks.map(\.name) == ["concerto sleeper", "concerto waiter"], "the name of a task")
            try expect(tasks.allSatisfy { $0.status & 0xFF == UInt32(TaskPriority.utility.rawValue) }, "a priority")
            try expect(tasks.allSatisfy { $0.frames >= 2 && !$0.isCut }, "an await stack")
            return nil
        } catch {
            return error.description
        }
    }

    private struct Seen {
        var kind: UInt8
        var awaited: UInt64
        var status: UInt32
        var name: String?
        var frames: Int
        var isCut: Bool
    }

    private struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    private static func expect(_ holds: Bool, _ what: String) throws(Difference) {
        if !holds { throw Difference(description: "\(what) is kept elsewhere") }
    }

    private static func address(_ task: Task<Void, Never>) -> UInt64 {
        UInt64(UInt(bitPattern: unsafeBitCast(task, to: UnsafeRawPointer.self)))
    }

    /// What is read of the tasks at `addresses`, in this order.
    private static func look(_ addresses: [UInt64]) throws(Difference) -> [Seen] {
        let reader: ProcessReader
        do { reader = try ProcessReader(0) } catch { throw Difference(description: error.description) }
        guard let scan = AddressSource(addresses: addresses).scan(reader, limit: addresses.count) else {
            throw Difference(description: "there is no memory")
        }
        let records = scan.records
        try expect(records.count == addresses.count, "what makes a task")
        return try addresses.map { address throws(Difference) in
            guard let record = records.first(where: { $0.address == address }) else {
                throw Difference(description: "the number of a task is kept elsewhere")
            }
            let job = UnsafeMutableRawPointer(bitPattern: UInt(address))!
            try expect(record.id == concerto_job_task_id(job), "the number of a task")
            let stack = scan.stack(Int(record.stack))
            return Seen(
                kind: record.awaited_kind, awaited: record.awaited, status: record.status, name: scan.name(record),
                frames: stack.addresses.count, isCut: stack.isCut)
        }
    }
}
#endif
