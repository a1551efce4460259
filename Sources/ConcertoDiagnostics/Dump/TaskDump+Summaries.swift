extension TaskDump {
    /// Tasks that wait for their turn on one executor.
    public struct ExecutorQueue: Sendable, Codable, Equatable {
        /// The type of the actor or executor, "MainActor", or `nil` for the default executor.
        public var executor: String?
        /// Tells actors of one type apart; 0 for the default executor.
        public var identity: UInt64
        /// How many tasks wait.
        public var count: Int
        /// The first of them.
        public var firstTasks: [UInt64]
    }

    /// Tasks each of which waits for the next, and the last for the first.
    public struct Cycle: Sendable, Codable, Equatable {
        /// The tasks.
        public var members: [Member]
        /// Further tasks that wait for one of these, directly or not, and so for ever too.
        public var waitingBehind: Int

        /// One task of a cycle.
        public struct Member: Sendable, Codable, Equatable {
            /// The task.
            public var task: UInt64
            /// Its name.
            public var name: String?
            /// Why it waits for the next one: "awaits", or the lock that the next one holds.
            public var reason: String
        }
    }

    /// Tasks in the same state that wait for the same kind of thing in the same functions.
    public struct Group: Sendable, Codable, Equatable {
        /// What they do.
        public var state: State
        /// What they wait for, in words.
        public var wait: String
        /// Where, innermost function first.
        public var functions: [String]
        /// How many there are.
        public var count: Int
        /// How many of them have been cancelled.
        public var cancelled: Int
        /// The numbers of the first of them.
        public var firstTasks: [UInt64]
        /// Names that they have, the first few.
        public var names: [String]
    }
}
