#if Batch
/// What a run did: the story that is told at its end, and what `--summary-json` writes.
public struct BatchSummary: Codable, Sendable {
    /// How a run ended.
    public enum Ending: String, Codable, Sendable {
        /// Every row is finished.
        case completed
        /// More rows failed than allowed.
        case tooManyFailures = "too_many_failures"
        /// Somebody stopped it; it can be resumed.
        case interrupted
    }

    /// Times of one kind, in milliseconds.
    public struct Latency: Codable, Sendable {
        /// Half of the calls were faster.
        public var p50: Double
        /// 90 of 100 were faster.
        public var p90: Double
        /// 99 of 100 were faster.
        public var p99: Double
        /// The slowest.
        public var max: Double
    }

    /// How the run ended.
    public var ending = Ending.completed
    /// Rows that this run finished with success.
    public var succeeded = 0
    /// Rows that this run finished without.
    public var failed = 0
    /// Rows that earlier runs had finished.
    public var alreadyFinished = 0
    /// Rows that are left to do; `nil` if the input's length is not known.
    public var unfinished: Int?
    /// Finished rows by the status of their last answer.
    public var statuses: [String: Int] = [:]
    /// Failed rows by the kind of their error.
    public var errors: [String: Int] = [:]
    /// Calls that were sent.
    public var attempts = 0
    /// Repeated calls by what made them necessary: a status, or the kind of an error.
    public var retries: [String: Int] = [:]
    /// How long each host was left alone because it asked for it, in milliseconds.
    public var throttledMilliseconds: [String: Double] = [:]
    /// Calls a second that hosts were given at the end, which had refused some (429) without saying when to come back.
    public var paces: [String: Double] = [:]
    /// The last attempt of every answered row, from its start to the last byte.
    public var serviceTime: Latency?
    /// From when a row was due to its end: waits and earlier attempts included.
    public var responseTime: Latency?
    /// Seconds from the first call to the end.
    public var seconds = 0.0

    /// Calls a second.
    public var callsPerSecond: Double { seconds > 0 ? Double(attempts) / seconds : 0 }

    /// Creates an empty summary.
    public init() {}
}
#endif
