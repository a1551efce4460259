/// Pure logic of an ``AdaptiveLimiter``: how many permits are in use, and how many there may be.
///
/// A permit carries the *generation* in which it was taken; a sample counts only if that is the present one. A probe begins
/// a generation and ends one, so that calls from before it, which had the old load around them, say nothing about the
/// latency without load, and calls of the probe nothing about the load after it.
package struct AdaptivePermits: AdmissionPolicy {
    static var usesTime: Bool { false }

    /// Shorter calls are not calls: an answer from a cache, a refusal.
    private static let shortestSample = 100_000.0
    private static let probeSamples = 10

    private enum Algorithm: Sendable {
        case gradient(LatencyGradient, AdaptiveLimiterOptions.Gradient)
        case aimd(Double, AdaptiveLimiterOptions.AIMD)
    }

    private struct Samples: Sendable {
        var count = 0
        var sum = 0.0
        var mostInFlight = 0
        var overloads = 0
    }

    private let range: ClosedRange<Double>
    private let window: Int64
    private let minimumSamples: Int
    private let random: RandomSource

    private var algorithm: Algorithm
    private(set) var used = 0
    package private(set) var generation = 0
    private var samples = Samples()
    private var windowEnd = TimerInstant(nanoseconds: .min)
    /// When the next probe begins; set by the first sample.
    private var nextProbe: TimerInstant?
    /// While the latency without load is measured: the limit meanwhile, and when it is given up.
    private var probe: (limit: Int, until: TimerInstant)?
    /// The present limit.
    package private(set) var limit: Int
    /// The latency of the latest full window, in nanoseconds.
    private(set) var latency = 0.0
    /// A limit that nobody has been told of.
    private(set) var hasNews = false

    package init(_ options: AdaptiveLimiterOptions) {
        range = Double(options.minimum)...Double(options.maximum)
        window = options.window.saturatingNanoseconds
        minimumSamples = options.minimumSamples
        random = options.random
        limit = options.initial
        switch options.algorithm {
        case .gradient(let gradient):
            algorithm = .gradient(LatencyGradient(gradient, initial: options.initial, range: range), gradient)
        case .aimd(let aimd):
            algorithm = .aimd(Double(options.initial), aimd)
        }
    }

    /// The latency without load, in nanoseconds, as far as it is known.
    var baseline: Double {
        if case .gradient(let gradient, _) = algorithm { gradient.baseline } else { 0 }
    }

    var isProbing: Bool { probe != nil }

    // MARK: Permits

    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
        guard used < limit else { return .notBefore(.distantFuture) }
        take()
        return .granted(generation)
    }

    /// Takes a permit whatever the limit.
    package mutating func take() {
        used += 1
        samples.mostInFlight = max(samples.mostInFlight, used)
    }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant { .distantFuture }

    /// Gives a permit back.
    ///
    /// - Parameter latency: How long the call has taken, in nanoseconds; `nil` if it says nothing.
    package mutating func leave(_ generation: Int, latency: Int64?, isOverload: Bool, at now: TimerInstant) {
        used -= 1
        guard generation == self.generation else { return }
        if isOverload { samples.overloads += 1 }
        if let latency, Double(latency) >= Self.shortestSample {
            samples.count += 1
            samples.sum += Double(latency)
            if case .aimd(_, let aimd) = algorithm, latency > aimd.longestLatency.saturatingNanoseconds {
                samples.overloads += 1
            }
        }
        if probe != nil { settleProbe(at: now) } else { settleWindow(at: now) }
    }

    // MARK: Windows

    private mutating func settleWindow(at now: TimerInstant) {
        if windowEnd.nanoseconds == .min { windowEnd = TimerInstant(nanoseconds: now.nanoseconds &+ window) }
        // Overload is not waited out.
        guard now >= windowEnd, samples.count >= minimumSamples || samples.overloads > 0 else { return }
        let ended = samples
        // Calls under way belong to the next window as well.
        samples = Samples(mostInFlight: used)
        windowEnd = TimerInstant(nanoseconds: now.nanoseconds &+ window)
        if ended.count > 0 { latency = ended.sum / Double(ended.count) }
        switch algorithm {
        case .gradient(var gradient, let options):
            if ended.overloads > 0 { gradient.overload() }
            if ended.count >= minimumSamples, ended.overloads == 0 {
                gradient.update(latency: latency, mostInFlight: ended.mostInFlight)
            }
            algorithm = .gradient(gradient, options)
            set(Int(gradient.limit))
            beginProbe(options, ended, at: now)
        case .aimd(var present, let options):
            if ended.overloads > 0 {
                present = max(range.lowerBound, (present * options.backoff).rounded(.down))
            } else if 2 * ended.mostInFlight >= Int(present) {
                present = min(range.upperBound, present + 1)
            }
            algorithm = .aimd(present, options)
            set(Int(present))
        }
    }

    private mutating func set(_ limit: Int) {
        guard limit != self.limit else { return }
        self.limit = limit
        hasNews = true
    }

    mutating func takeNews() -> Int? {
        defer { hasNews = false }
        return hasNews ? limit : nil
    }

    // MARK: Probes

    private mutating func beginProbe(
        _ options: AdaptiveLimiterOptions.Gradient, _ ended: Samples, at now: TimerInstant
    ) {
        guard let interval = options.probeInterval else { return }
        guard let due = nextProbe else { return scheduleProbe(after: interval, now) }
        // Without load the latency is measured anyway.
        guard now >= due, 2 * ended.mostInFlight >= limit else { return }
        let probeLimit = min(limit, options.probeLimit ?? max(1, limit / 2))
        guard probeLimit < limit else { return scheduleProbe(after: interval, now) }
        probe = (probeLimit, TimerInstant(nanoseconds: now.nanoseconds &+ 10 &* window))
        generation += 1
        samples = Samples()
        set(probeLimit)
    }

    private mutating func scheduleProbe(after interval: Duration, _ now: TimerInstant) {
        nextProbe = now.advanced(
            by: .nanoseconds(Int64(Double(interval.saturatingNanoseconds) * (0.75 + 0.5 * random.nextUnit()))))
    }

    private mutating func settleProbe(at now: TimerInstant) {
        guard let probe, samples.count >= Self.probeSamples || now >= probe.until else { return }
        guard case .gradient(var gradient, let options) = algorithm else { return }
        if samples.count >= Self.probeSamples { gradient.setBaseline(samples.sum / Double(samples.count)) }
        algorithm = .gradient(gradient, options)
        self.probe = nil
        generation += 1
        samples = Samples(mostInFlight: used)
        windowEnd = TimerInstant(nanoseconds: now.nanoseconds &+ window)
        set(Int(gradient.limit))
        scheduleProbe(after: options.probeInterval ?? .longest, now)
    }
}
