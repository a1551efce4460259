#if Batch
/// What a run did: the story that is told at its end, and what `--summary-json` writes.
public struct BatchSummary: Codable, Sendable {
    /// How a run ended.
    public enum Ending: String, Codable, Sendable {
        /// Every row is finished.
        case completed
        /// The rows of a sample are finished, and others are left.
        case sampled
        /// More rows failed than allowed.
        case tooManyFailures = "too_many_failures"
        /// Somebody stopped it; it can be resumed.
        case interrupted
        /// The input lost rows, or rows of it changed, while it was read. Those are unfinished.
        case inputChanged = "input_changed"
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
    /// Those of them that had failed, and were not called again.
    public var alreadyFailed = 0
    /// Results of earlier runs that the output had lost; their rows were called again, or have an unknown outcome.
    public var lostResults = 0
    /// Answers of this run whose bodies were longer than allowed, and have been cut.
    public var cutBodies = 0
    /// What a body was cut to, in bytes.
    public var maximumBody = 0
    /// Whether redirects were followed.
    public var followedRedirects = false
    /// Rows that are left to do; `nil` if the input's length is not known.
    public var unfinished: Int?
    /// Rows of the whole output that have failed, this run's and those of earlier runs.
    public var failedAltogether: Int { failed + alreadyFailed }
    /// Finished rows by the status of their last answer.
    public var statuses: [String: Int] = [:]
    /// Failed rows by the kind of their error.
    public var errors: [String: Int] = [:]
    /// Calls that were sent.
    public var attempts = 0
    /// Rows that were given the answer of another row's call, which was the same (``BatchOptions/joinsEqualCalls``).
    public var sharedAnswers = 0
    /// Bytes of this run's results.
    public var resultBytes = 0
    /// What the last attempts of answered rows took together, in seconds.
    public var callSeconds = 0.0
    /// What the rows of a sample let expect of all; `nil` without a sample.
    public var projection: Projection?
    /// Repeated calls by what made them necessary: a status, or the kind of an error.
    public var retries: [String: Int] = [:]
    /// Calls that were sent a second time because the first took long.
    public var hedges = 0
    /// How long each host was left alone because it asked for it, in milliseconds.
    public var throttledMilliseconds: [String: Double] = [:]
    /// Calls a second that hosts were given at the end, which had refused some (429) without saying when to come back.
    public var paces: [String: Double] = [:]
    /// Calls at a time that hosts were found to bear, at the end; empty if that was not looked for.
    public var limits: [String: Int] = [:]
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
