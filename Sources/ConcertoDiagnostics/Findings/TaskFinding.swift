/// Something that looks wrong in several dumps of the same process, one after the other.
public struct TaskFinding: Sendable, Codable, Equatable, CustomStringConvertible {
    /// What looks wrong.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Tasks wait for each other, for ever.
        case deadlock
        /// The main actor has not been given back while tasks wait for it.
        case mainActorBlocked
        /// Tasks could run, and no thread has taken any of those that wait.
        case starved
        /// A task ran at every look, and was at no suspension since the first.
        case neverSuspends
        /// Tasks were cancelled and go on.
        case cancelledAndAlive
        /// More and more tasks wait in one place, and those that were there stay.
        case leak
        /// Tasks wait for a continuation that nobody may be left to resume, and no cancellation ends the wait.
        case lostResume
        /// Many tasks wait for one actor.
        case busyActor
    }

    /// What looks wrong.
    public var kind: Kind
    /// One sentence: what, where and for how long.
    public var description: String
    /// How many tasks it is about.
    public var count: Int
    /// The first of these tasks.
    public var tasks: [UInt64]
    /// Where they are, innermost function first.
    public var functions: [String]
    /// What to do about it.
    public var advice: String

    /// When something is worth a word.
    public struct Thresholds: Sendable, Equatable {
        /// How long a task may wait for a thread, or keep one.
        public var busy = Duration.seconds(1)
        /// How long a cancelled task may go on.
        public var cancelled = Duration.seconds(10)
        /// How long a task may wait for a continuation that no cancellation ends.
        public var resume = Duration.seconds(30)
        /// From how many tasks in one place on they can be a leak.
        public var leakingTasks = 100
        /// How many tasks may wait for one actor.
        public var actorQueue = 100

        /// The defaults.
        public init() {}
    }
}
