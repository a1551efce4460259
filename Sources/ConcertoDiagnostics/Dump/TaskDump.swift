public import Concerto

/// The tasks of a process at one moment: what each is doing, what it waits for, and who waits for whom in a circle.
///
/// ```swift
/// let dump = TaskDump.capture()
/// print(dump.text)                 // cycles first, then groups by stack
/// for task in dump.tasks where task.isCancelled { … }
/// ```
///
/// The tasks are found in the memory of the process, by what the runtime begins each of them with: no task has to be
/// registered, created in a certain way or told to answer, nothing costs anything before the dump, and nobody is stopped
/// by it. So it works while every thread of the pool is blocked. A task that moves while it is read is read again, and
/// listed without its stack if it never stands still.
///
/// How the runtime lays out its tasks is known for Swift 6.3. Before the first dump of this process Concerto reads tasks of
/// its own, about which it knows everything; if anything differs, a dump has no tasks and says why in ``notes``. Nothing
/// is guessed.
///
/// A dump holds names, identifiers and functions: no arguments, no task-local values, no memory.
public struct TaskDump: Sendable, Codable, Equatable {
    /// Seconds since 1970 when the dump began.
    public var takenAt: Double
    /// Whose tasks these are.
    public var process: Process
    /// What was not to be had, and why; empty if all was.
    public var notes: [String]
    /// The tasks that have not ended, in the order in which they were created.
    public var tasks: [Entry]
    /// The await stacks of ``tasks``; tasks that wait in the same way share one.
    public var stacks: [Stack]
    /// The threads that run a task and wait in the kernel, and the main thread if others wait for it.
    public var threads: [Thread]
    /// The executors with tasks that wait for their turn, the longest queue first; the default executor is one of them.
    public var queues: [ExecutorQueue]
    /// Tasks that wait for each other, and so for ever.
    public var cycles: [Cycle]
    /// Tasks that do the same in the same place, the largest group first.
    public var groups: [Group]
    /// Who holds and who waits for locks and semaphores, where it is recorded (see `WaitGraph.activate()`).
    public var waitGraph: WaitGraph.Snapshot?
    /// What the dump cost.
    public var cost: Cost

    /// Whose tasks a dump shows.
    public struct Process: Sendable, Codable, Equatable {
        /// The kernel's number of the process.
        public var id: Int32
        /// Its executable.
        public var executable: String
        /// Whether the dump was taken by the process itself.
        public var isSelf: Bool
    }

    /// What a dump cost.
    public struct Cost: Sendable, Codable, Equatable {
        /// Bytes of memory that were searched for tasks.
        public var bytesScanned: UInt64 = 0
        /// Bytes in mappings too large to hold tasks, which were left out.
        public var bytesLeftOut: UInt64 = 0
        /// Seconds that finding and reading the tasks took.
        public var seconds: Double = 0
        /// Seconds of a processor that finding and reading the tasks took.
        public var processorSeconds: Double = 0
        /// Tasks beyond the limit, which are not listed.
        public var dropped: UInt64 = 0
        /// Tasks that moved each time they were read.
        public var moving: UInt64 = 0
        /// Stacks that held what is no code although nothing moved: zero, or the layout is not what it seems.
        public var impossibleStacks: UInt64 = 0
    }

    /// The task with the runtime's `id`, if it is listed.
    ///
    /// - Complexity: O(log n).
    public func task(_ id: UInt64) -> Entry? {
        var (low, high) = (0, tasks.count)
        while low < high {
            let middle = (low + high) / 2
            if tasks[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < tasks.count && tasks[low].id == id ? tasks[low] : nil
    }
}
