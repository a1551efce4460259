extension TaskDump {
    /// Where a task goes on and who awaits it, innermost function first.
    ///
    /// In optimised programs async functions may have been inlined into others: these are at least the functions that there
    /// were.
    public struct Stack: Sendable, Codable, Equatable {
        /// All functions, also those that nobody wrote.
        public var frames: [Frame]
        /// Whether it goes on where nothing could be read.
        public var isCut: Bool

        /// The functions that somebody wrote, by their short names.
        public var functions: [String] {
            let shown = frames.filter { !$0.isPlumbing }
            // What a task begins with is in its closure, which is on no stack before it runs.
            if shown.isEmpty, let first = frames.first?.symbol, first.contains("future_adapter") {
                return [Self.notBegun]
            }
            return (shown.isEmpty ? frames : shown).map(\.shortName)
        }

        /// Stands for the functions of a task that has never run.
        static let notBegun = "(has not begun)"
    }

    /// A function on a stack.
    public struct Frame: Sendable, Codable, Equatable {
        /// An address in it.
        public var address: UInt64
        /// Its symbol; `nil` if its image has none for it.
        public var symbol: String?
        /// The function as a person would write it; its file in brackets where there is no symbol.
        public var shortName: String
        /// The file that it was loaded from.
        public var image: String
        /// Whether the compiler or the runtime made it.
        public var isPlumbing: Bool

        /// In the symbols of the runtime's functions that give a thread to a job.
        static let startsJob = ["runJobInEstablishedExecutorContext", "swift_job_run", "swift_task_immediate"]
    }

    /// A thread that waits in the kernel.
    public struct Thread: Sendable, Codable, Equatable {
        /// The kernel's number of the thread.
        public var id: Int32
        /// Its name, as the kernel has it.
        public var name: String
        /// Whether it is the process's first one.
        public var isMain: Bool
        /// Whether it is the one that runs the main actor.
        public var runsMainActor: Bool
        /// The task that it runs, by what its stack says.
        public var task: UInt64?
        /// Its stack, innermost function first; empty if it could not be read.
        public var frames: [Frame]

        /// The functions that somebody wrote, by their short names; without those that begin the job.
        public var functions: [String] {
            let job = frames.prefix { frame in
                frame.symbol.map { symbol in !Frame.startsJob.contains { symbol.contains($0) } } ?? true
            }
            return Stack(frames: Array(job), isCut: false).functions
        }
    }
}
