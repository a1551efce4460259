#if Lint
/// The state machine of an asynchronous function: what runs between two suspension points, as the compiler will cut it.
///
/// Swift compiles an `async` function into one piece of code per potential suspension point. A state here is such a piece; a
/// transition is an `await`, or a branch that decides which piece comes next. Branches that contain no `await` stay inside their
/// state. The analysis is syntactic: it knows what is written in the file, not what generics and macros make of it.
public struct StateMachine: Sendable {
    /// A piece of code without suspension.
    public struct State: Sendable {
        /// A line of code that runs in it.
        public struct Line: Sendable {
            /// The line in the file.
            public let number: Int
            /// The first line of the statement.
            public let text: String
        }

        /// Its number: 0 is where the function begins.
        public let number: Int
        /// What runs, in order.
        public internal(set) var lines: [Line] = []
        /// The suspension it ends with.
        public internal(set) var suspension: Suspension?
        /// Where it may go on.
        public internal(set) var transitions: [Transition] = []
    }

    /// A point at which the task may give up its thread.
    public struct Suspension: Sendable {
        /// Where, in the file.
        public let line: Int
        /// What is awaited, on one line.
        public let text: String
        /// Where the awaited code runs, when that is elsewhere or unknown; nil when it stays where the function is.
        public let hop: String?
        /// Values declared before that are used after: they live in the task's frame meanwhile.
        public let live: [String]
        /// Whether an error may come back.
        public let canThrow: Bool
    }

    /// A way from a state to another.
    public struct Transition: Sendable, Hashable {
        /// The state it leads to; nil for the end of the function.
        public let target: Int?
        /// What decides: a condition, `resumes`, `throws`, `returns`.
        public let label: String
    }

    /// The function's name.
    public let name: String
    /// Its signature, on one line.
    public let signature: String
    /// The file.
    public let path: String
    /// The line it begins on.
    public let line: Int
    /// Where it runs: an actor, a global actor, or nonisolated.
    public let isolation: String
    /// The states, by number; those nothing leads to are left out.
    public let states: [State]
    /// What `defer` runs at the end.
    public let deferred: [State.Line]

    /// The suspension points, in the order of states.
    public var suspensions: [Suspension] { states.compactMap(\.suspension) }
}
#endif
