#if Batch
import Concerto
import ConcertoHTTP
import Histogram

/// Counts what happens, as it happens.
final class RunStatistics: Sendable {
    private struct State {
        var summary = BatchSummary()
        var total: Int?
        /// Rows that have been read before the first call.
        var planned = 0
        var inFlight = 0
        var failures: [BatchProgress.Failure] = []
        /// The latest attempt without an answer that is going to be repeated.
        var trouble: (message: String, at: TimerInstant)?
        /// When the first call could be made, by the clock; and what happened since, if somebody wants to know.
        var start: TimerInstant?
        var timeline: RunTimeline?
        /// What the last attempts of answered rows took together.
        var callTime = Duration.zero
        /// Microseconds, up to an hour, three digits.
        var service = Histogram<UInt64>(highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .three)
        var response = Histogram<UInt64>(highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .three)
        var calls = LatencySteps()
        var callsFromDue = LatencySteps()
    }

    /// Failed rows that are remembered for the list at the end.
    static let listedFailures = 10

    private let state = Guarded(State())

    func begin(total: Int?, known: KnownRows, lostResults: Int) {
        state.withLock {
            $0.total = total
            $0.summary.alreadyFinished = known.finished
            $0.summary.alreadyFailed = known.failed
            $0.summary.lostResults = lostResults
        }
    }

    /// So many rows of the input have been read, before the first call.
    func planned(_ rows: Int) { state.withLock { $0.planned = rows } }

    var finishedRows: Int { state.withLock { $0.summary.succeeded + $0.summary.failed } }

    /// An attempt got no answer, and its row waits for another.
    func failedForNow(_ reason: String, at now: TimerInstant) {
        state.withLock { $0.trouble = (reason, now) }
    }

    func attemptStarted() {
        state.withLock {
            $0.summary.attempts += 1
            $0.inFlight += 1
        }
    }

    /// A row's call is sent a second time, beside the first.
    func hedged() {
        state.withLock {
            $0.summary.attempts += 1
            $0.summary.hedges += 1
            $0.inFlight += 1
        }
    }

    func attemptEnded() { state.withLock { $0.inFlight -= 1 } }

    func retried(because cause: String, at now: TimerInstant) {
        state.withLock { state in
            state.summary.retries[cause, default: 0] += 1
            if let start = state.start { state.timeline?.retried(at: start.duration(to: now)) }
        }
    }

    /// From now on it is kept what happens when.
    func keepTimeline(from start: TimerInstant) {
        state.withLock { state in
            state.start = start
            state.timeline = RunTimeline()
        }
    }

    var timeline: RunTimeline? { state.withLock { $0.timeline } }

    /// Counts a finished row; says how many have finished and failed by now.
    ///
    /// - Parameters:
    ///   - bytes: The length of its line.
    ///   - host: Where its call went.
    ///   - now: Asked only where it is kept what happens when.
    func finished(
        _ result: RowResult, bytes: Int = 0, host: String? = nil,
        at now: () -> TimerInstant = { TimerInstant(nanoseconds: 0) }
    ) -> (finished: Int, failed: Int) {
        state.withLock { state in
            state.summary.resultBytes += bytes
            if result.sameAs != nil { state.summary.sharedAnswers += 1 }
            let failure = result.failure.map {
                BatchProgress.Failure(
                    id: result.identity.key, line: result.identity.line, kind: $0.kind, message: $0.message)
            }
            if let start = state.start {
                var latency: Duration?
                if case .answered = result.outcome, result.sameAs == nil { latency = result.latency }
                state.timeline?.finished(at: start.duration(to: now()), latency: latency, host: host, failure: failure)
            }
            if let failure {
                state.summary.failed += 1
                state.summary.errors[failure.kind, default: 0] += 1
                if state.failures.count < Self.listedFailures { state.failures.append(failure) }
            } else {
                state.summary.succeeded += 1
            }
            if case .answered(let reply) = result.outcome {
                if reply.isTruncated { state.summary.cutBodies += 1 }
                state.summary.statuses["\(reply.status)", default: 0] += 1
                // A row with the answer of another's call has no time of its own.
                if result.sameAs == nil {
                    state.callTime += result.latency
                    state.service.record(result.latency.clampedMicroseconds)
                    state.response.record((result.latency + result.queued).clampedMicroseconds)
                    state.calls.record(result.latency)
                    state.callsFromDue.record(result.latency + result.queued)
                }
            }
            return (state.summary.succeeded + state.summary.failed, state.summary.failed)
        }
    }

    func progress(hosts: [String: HostGate.Statistics], elapsed: Duration, now: TimerInstant) -> BatchProgress {
        state.withLock { state in
            BatchProgress(
                total: state.total, alreadyFinished: state.summary.alreadyFinished,
                finished: state.summary.succeeded + state.summary.failed, failed: state.summary.failed,
                inFlight: state.inFlight, attempts: state.summary.attempts,
                retries: state.summary.retries.values.reduce(0, +), elapsed: elapsed,
                waiting: hosts.compactMapValues { host in
                    let pause = host.pausedUntil.map { now.duration(to: $0) }
                    return [pause, host.circuitOpenFor].compactMap(\.self).max()
                },
                holds: hosts.compactMapValues(\.hold),
                planned: state.planned, retryCauses: state.summary.retries, errors: state.summary.errors,
                statuses: state.summary.statuses.filter { $0.key >= "400" },
                trouble: state.trouble.flatMap { $0.at.duration(to: now) < Self.troubleAge ? $0.message : nil },
                hosts: hosts, calls: state.calls, callsFromDue: state.callsFromDue,
                failures: state.failures.sorted { $0.line < $1.line })
        }
    }

    /// A trouble of longer ago has passed.
    private static let troubleAge = Duration.seconds(10)

    func summary(_ ending: BatchSummary.Ending, hosts: [String: HostGate.Statistics], elapsed: Duration) -> BatchSummary
    {
        state.withLock { state in
            var summary = state.summary
            summary.ending = ending
            summary.unfinished = state.total.map { $0 - summary.succeeded - summary.failed - summary.alreadyFinished }
            summary.throttledMilliseconds = hosts.mapValues { $0.pausedTotal / .milliseconds(1) }.filter {
                $0.value > 0
            }
            summary.paces = hosts.compactMapValues(\.pace)
            summary.limits = hosts.compactMapValues(\.limit)
            summary.serviceTime = Self.latency(state.service)
            summary.responseTime = Self.latency(state.response)
            summary.seconds = elapsed / .seconds(1)
            summary.callSeconds = state.callTime / .seconds(1)
            return summary
        }
    }

    private static func latency(_ histogram: Histogram<UInt64>) -> BatchSummary.Latency? {
        guard histogram.totalCount > 0 else { return nil }
        func milliseconds(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1000 }
        return .init(
            p50: milliseconds(50), p90: milliseconds(90), p99: milliseconds(99), max: Double(histogram.max) / 1000)
    }
}

/// How far a run is.
public struct BatchProgress: Sendable {
    /// A row that failed.
    public struct Failure: Sendable {
        /// The row's id.
        public var id: String
        /// Its line in the input.
        public var line: Int
        /// The kind of error.
        public var kind: String
        /// What happened.
        public var message: String
    }

    /// Rows of the input, if they have been counted.
    public var total: Int?
    /// Rows that earlier runs finished.
    public var alreadyFinished: Int
    /// Rows that this run has finished.
    public var finished: Int
    /// Those of them that failed.
    public var failed: Int
    /// Calls that are under way.
    public var inFlight: Int
    /// Calls sent so far.
    public var attempts: Int
    /// Repeated calls so far.
    public var retries: Int
    /// Since the first call.
    public var elapsed: Duration
    /// Hosts that are left alone, and for how much longer.
    public var waiting: [String: Duration]
    /// Why hosts are called less than there are rows for them.
    public var holds: [String: HostHold]
    /// Rows of the input that have been read before the first call.
    public var planned = 0
    /// Repeated calls so far by what made them necessary: a status, or the kind of an error.
    public var retryCauses: [String: Int] = [:]
    /// Failed rows so far by the kind of their error.
    public var errors: [String: Int] = [:]
    /// Finished rows so far by the status of their last answer, from 400 on.
    public var statuses: [String: Int] = [:]
    /// Why the latest attempt got no answer, of those that are repeated; `nil` if none was of late.
    public var trouble: String?
    /// The hosts that have been called.
    public var hosts: [String: HostGate.Statistics] = [:]
    /// How long the answers of finished rows took.
    public var calls = LatencySteps()
    /// The same from the moment at which a row could have been called.
    public var callsFromDue = LatencySteps()
    /// The first rows that failed, at most 10, in the order of the input.
    public var failures: [Failure]
}

extension Duration {
    /// Whole microseconds between 0 and an hour, what the histograms hold.
    fileprivate var clampedMicroseconds: UInt64 { UInt64(min(max(0, saturatingNanoseconds / 1000), 3_600_000_000)) }
}
#endif
