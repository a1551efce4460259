/// A quantile of the latencies of the last one to two minutes: two histograms that take turns.
///
/// Source: the rotating histogram of tower's `hedge`.
struct LatencyWindow: Sendable {
    private static let length = Int64(60_000_000_000)

    private let share: Double
    private let minimum: Int
    private var present = LatencyHistogram()
    private var past = LatencyHistogram()
    private var presentNumber = Int64.min
    private var recordedSince = 0
    /// In nanoseconds; `nil` until there are enough samples.
    private(set) var quantile: Int64?

    init(share: Double, minimum: Int) {
        self.share = share
        self.minimum = minimum
    }

    mutating func record(_ nanoseconds: Int64, at now: TimerInstant) {
        rotate(to: now)
        present.record(nanoseconds)
        recordedSince += 1
        let total = present.count + past.count
        guard total >= minimum else { return quantile = nil }
        // Looked up again when the samples are a sixteenth more: so it costs little however many there are.
        guard quantile == nil || recordedSince >= max(8, total / 16) else { return }
        recordedSince = 0
        quantile = LatencyHistogram.quantile(share, of: present, and: past)
    }

    private mutating func rotate(to now: TimerInstant) {
        let number = now.nanoseconds / Self.length
        guard number > presentNumber else { return }
        if number == presentNumber + 1 {
            swap(&present, &past)
        } else {
            past.clear()
        }
        present.clear()
        presentNumber = number
        quantile = nil
    }
}
