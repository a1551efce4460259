import Concerto
import ConcertoRuntime

#if os(Linux)
import CConcerto
#endif

extension TaskDump {
    /// The tasks of this process now.
    ///
    /// May be called on any thread, also while every thread of the pool is blocked, and in a task: it returns when it has
    /// the dump, which takes milliseconds for thousands of tasks and some 200 ms for 100,000. One dump is taken at a time.
    ///
    /// - Where it runs: on a thread of its own, for which the caller's waits.
    /// - Allocates: some 150 bytes a task, and less than 2 MiB more while it reads.
    /// - Parameter limit: How many tasks are listed at most; those beyond are counted in ``Cost/dropped``.
    public static func capture(limit: Int = 1_000_000) -> TaskDump {
        precondition(limit >= 0, "a dump of \(limit) tasks: the limit must not be negative")
        #if os(Linux)
        return lock.withLock { _ in
            OwnThread.run {
                do throws(TaskDumpError) {
                    let reader = try ProcessReader(0)
                    try reader.checkLayout()
                    if let failure = SelfTest.failure {
                        throw TaskDumpError(
                            .unknownLayout,
                            "this Swift runtime says that it lays tasks out as Swift 6.3 does, and does not: \(failure)"
                        )
                    }
                    // Taken first: a lock that is given back meanwhile closes no cycle with what its holder does next.
                    let graph = WaitGraph.isActive ? WaitGraph.snapshot : nil
                    return try take(reader, MemoryScanSource(), limit: limit, waitGraph: graph)
                } catch {
                    return empty(note: "No tasks are listed: \(error.description).")
                }
            }
        }
        #else
        return empty(note: "No tasks are listed: tasks are read on Linux only.")
        #endif
    }

    /// The tasks of another process now, which need not know of Concerto.
    ///
    /// - Where it runs: on a thread of its own, for which the caller's waits. The other process is not stopped.
    /// - Parameters:
    ///   - pid: Its number. It must run Swift 6.3, linked as a library or with its symbols, and its memory must be
    ///     readable: as the same user or root, and where Yama restricts it (`kernel.yama.ptrace_scope`) as root.
    ///   - limit: As for ``capture(limit:)``.
    /// - Throws: ``TaskDumpError``, which says what is in the way and what to do.
    public static func capture(process pid: Int32, limit: Int = 1_000_000) throws(TaskDumpError) -> TaskDump {
        precondition(limit >= 0, "a dump of \(limit) tasks: the limit must not be negative")
        #if os(Linux)
        guard pid > 0 else { throw TaskDumpError(.noProcess, "\(pid) is no number of a process") }
        if pid == concerto_own_process() { return capture(limit: limit) }
        return try OwnThread.run {
            Result { () throws(TaskDumpError) in
                let reader = try ProcessReader(pid)
                try reader.checkLayout()
                return try take(reader, MemoryScanSource(), limit: limit, waitGraph: nil)
            }
        }.get()
        #else
        throw TaskDumpError(.unsupported, "tasks are read on Linux only")
        #endif
    }

    /// One dump at a time.
    private static let lock = Guarded(())

    private static func empty(note: String) -> TaskDump {
        #if os(Linux)
        let id = concerto_own_process()
        #else
        let id: Int32 = 0
        #endif
        return TaskDump(
            takenAt: SystemFile.now, process: Process(id: id, executable: "", isSelf: true), notes: [note], tasks: [],
            stacks: [], threads: [], queues: [], cycles: [], groups: [], waitGraph: nil, cost: Cost())
    }

    #if os(Linux)
    private static func take(
        _ reader: ProcessReader, _ source: some TaskSource, limit: Int, waitGraph: WaitGraph.Snapshot?
    ) throws(TaskDumpError) -> TaskDump {
        let isSelf = reader.id == concerto_own_process()
        var dump = TaskDump(
            takenAt: SystemFile.now, process: Process(id: reader.id, executable: reader.executable, isSelf: isSelf),
            notes: [], tasks: [], stacks: [], threads: [], queues: [], cycles: [], groups: [], waitGraph: waitGraph,
            cost: Cost())
        guard let scan = source.scan(reader, limit: limit) else {
            throw TaskDumpError(.unsupported, "there is not enough memory to read the tasks of process \(reader.id)")
        }
        var builder = DumpBuilder(reader, scan, isSelf: isSelf)
        builder.fill(&dump)
        // What is left out in a program with a sanitizer is the sanitizer's own.
        if isSelf, concerto_sanitizer() != nil { dump.cost.bytesLeftOut = 0 }
        dump.summarize()
        return dump
    }
    #endif
}
