import Concerto
import ConcertoRuntime

/// Takes samples at fixed times. It has no thread: whoever has one asks it when the next is due, and must not be the pool
/// that it measures. Used by one thread.
///
/// A beat that is a whole interval late is counted as missed, and the ones after it keep their times.
public struct SampleBeat {
    /// Nanoseconds between two samples.
    public let interval: Int64
    /// When the next one is due, in nanoseconds of the clock that the caller asks with.
    public private(set) var due: Int64
    /// Samples that were not taken.
    public private(set) var missed = 0
    private var sequence = 0
    private let probe = QueueProbe()

    /// No beat is faster, whatever is asked for.
    public static let shortest = Duration.milliseconds(250)
    /// Nor slower.
    public static let longest = Duration.seconds(60)

    /// Begins at `now`.
    public init(every interval: Duration, now: Int64) {
        self.interval = Int64(min(max(interval, Self.shortest), Self.longest) / .nanoseconds(1))
        due = now
    }

    /// The sample that is due at `now`; `nil` if none is.
    public mutating func sample(now: Int64) -> DiagnosticsSample? {
        guard let (sequence, missed) = beat(now: now) else { return nil }
        defer { probe.send(now: now) }
        return .take(sequence, missed: missed, queueWait: probe.wait(now: now))
    }

    /// Makes a sample due at `now`, before its time: the last one of a process.
    public mutating func hurry(now: Int64) { due = min(due, now) }

    /// Moves to the next time.
    mutating func beat(now: Int64) -> (sequence: Int, missed: Int)? {
        guard now >= due else { return nil }
        let late = Int((now - due) / interval)
        missed += late
        due += interval * Int64(late + 1)
        sequence += 1
        return (sequence, missed)
    }
}

/// A task sent to the default executor to see when it runs: that costs nothing between two samples, and tells of
/// starvation while it lasts.
final class QueueProbe: Sendable {
    private struct State {
        var sent: Int64?
        var wait: Int64?
    }

    private let state = Guarded(State())

    func send(now: Int64) {
        let isFree = state.withLock { state in
            guard state.sent == nil else { return false }
            state.sent = now
            return true
        }
        guard isFree else { return }
        Task.detached(name: "concerto-probe") {
            let now = MonotonicTime.now
            self.state.withLock { state in
                state.wait = state.sent.map { now - $0 }
                state.sent = nil
            }
        }
    }

    /// Seconds that the last one waited, or waits so far if that is longer.
    func wait(now: Int64) -> Double? {
        state.withLock { state in
            let soFar = state.sent.map { now - $0 } ?? 0
            return state.wait == nil && state.sent == nil ? nil : Double(max(soFar, state.wait ?? 0)) / 1e9
        }
    }
}
