extension TaskDump {
    /// A task as it was when it was read.
    public struct Entry: Sendable, Codable, Equatable {
        /// The runtime's number of the task, which no other task of the process has.
        public var id: UInt64
        /// The name that it was created with.
        public var name: String?
        /// What it was doing.
        public var state: State
        /// Whether it has been cancelled.
        public var isCancelled: Bool
        /// The raw value of its `TaskPriority`, as it is now.
        public var priority: UInt8
        /// The task that it is a child of (`async let`, task groups).
        public var parent: UInt64?
        /// Whether it was added to a task group.
        public var isGroupChild: Bool
        /// What it waits for; `nil` if it runs, or nobody can tell.
        public var wait: Wait?
        /// Which of the dump's ``TaskDump/stacks`` it has; `nil` for a task that never stood still.
        public var stack: Int?
        /// Whether somebody is told when it is cancelled: it sleeps, or waits in a way that a cancellation ends.
        public var hasCancellationHandler: Bool
    }

    /// What a task does.
    public enum State: String, Sendable, Codable, CaseIterable {
        /// It has a thread. Its stack shows where it last went on.
        case running
        /// It could run and waits for its turn on an executor.
        case enqueued
        /// It waits for something.
        case suspended
        /// It was handed to a timer, or has not been handed to anybody yet.
        case scheduled
    }

    /// What a task waits for.
    public struct Wait: Sendable, Codable, Hashable {
        /// Kinds of waits.
        public enum Kind: String, Sendable, Codable {
            /// The end of another task: `await task.value`, `await` of an `async let`.
            case task
            /// A continuation that somebody has to resume: sleeps, semaphores, channels, callbacks, input and output.
            case continuation
            /// The next result of a task group.
            case group
            /// Its turn on an executor.
            case executor
        }

        /// The kind of wait.
        public var kind: Kind
        /// For a task: its number, if it is listed.
        public var task: UInt64?
        /// For an executor: the type of the actor or executor, "MainActor", or `nil` for the default executor.
        public var executor: String?
        /// For an executor that is an actor: tells it from others of its type.
        public var identity: UInt64?
    }
}
