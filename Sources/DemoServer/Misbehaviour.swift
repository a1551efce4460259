#if CLI
import Synchronization

/// Decides how each request is treated and remembers who asked for what.
final class Misbehaviour: Sendable {
    enum Treatment: Equatable {
        case normal
        case tooMany(retryAfter: Int)
        case unavailable
        case closed
        case slow
    }

    private struct State {
        var hits: [String: Int] = [:]
        var total = 0
        /// Who waits for how many hits.
        var watchers: [(total: Int, continuation: AsyncStream<Void>.Continuation)] = []
        /// Calls answered since the quota was last renewed.
        var used = 0
        /// When the quota is renewed; `nil` while there is some of it left.
        var renewal: ContinuousClock.Instant?
        /// When each worker has done what it was given so far.
        var freeAt: [ContinuousClock.Instant] = []

        /// Counts a call; returns how often it came before.
        mutating func note(_ call: String) -> Int {
            let earlier = hits[call, default: 0]
            hits[call] = earlier + 1
            total += 1
            watchers.removeAll { watcher in
                guard watcher.total <= total else { return false }
                watcher.continuation.finish()
                return true
            }
            return earlier
        }
    }

    private let configuration: DemoServerConfiguration
    private let state = Mutex(State())
    private let clock = ContinuousClock()

    init(_ configuration: DemoServerConfiguration) {
        self.configuration = configuration
    }

    /// How often each call was answered with a success, by method and path.
    var hits: [String: Int] { state.withLock { $0.hits } }

    var isCalm: Bool {
        configuration.quota == nil
            && configuration.unavailable + configuration.closed + configuration.slow == 0
    }

    func treat(_ call: String) -> Treatment {
        if isCalm { return .normal }
        let now = clock.now
        return state.withLock { state in
            if let wait = useQuota(&state, now: now) { return .tooMany(retryAfter: wait) }
            return treatment(of: call, earlier: state.note(call))
        }
    }

    /// When a worker will have done a call that has just come; `nil` if all calls are worked on at once.
    func takeTurn() -> ContinuousClock.Instant? {
        guard let workers = configuration.workers else { return nil }
        let now = clock.now
        return state.withLock { state in
            if state.freeAt.isEmpty { state.freeAt = Array(repeating: now, count: max(1, workers)) }
            let worker = state.freeAt.indices.min { state.freeAt[$0] < state.freeAt[$1] } ?? 0
            let end = max(now, state.freeAt[worker]) + configuration.work
            state.freeAt[worker] = end
            return end
        }
    }

    /// Notes a call that a calm server answers.
    func note(_ call: String) {
        _ = state.withLock { $0.note(call) }
    }

    /// A stream that ends when `total` calls have got past the rate limit.
    func reached(_ total: Int) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { state in
            if state.total >= total { continuation.finish() } else { state.watchers.append((total, continuation)) }
        }
        return stream
    }

    /// Seconds until the quota is renewed, or `nil` if there is some of it left, which is then used.
    private func useQuota(_ state: inout State, now: ContinuousClock.Instant) -> Int? {
        guard let quota = configuration.quota else { return nil }
        if let renewal = state.renewal {
            guard now >= renewal else { return max(1, Int(((renewal - now) / .seconds(1)).rounded(.up))) }
            (state.used, state.renewal) = (0, nil)
        }
        state.used += 1
        if state.used >= quota { state.renewal = now + configuration.quotaPause }
        return nil
    }

    /// A call misbehaves at most twice: patience is rewarded.
    private func treatment(of call: String, earlier: Int) -> Treatment {
        guard earlier < 2 else { return .normal }
        let draw = Double(mix(configuration.seed, call, earlier) >> 11) / Double(1 << 53)
        let shares: [(Double, Treatment)] = [
            (configuration.unavailable, .unavailable), (configuration.closed, .closed), (configuration.slow, .slow),
        ]
        var bound = 0.0
        for (share, treatment) in shares {
            bound += share
            if draw < bound { return treatment }
        }
        return .normal
    }

    /// SplitMix64's finaliser (Steele, Lea, Flood 2014) over an FNV-1a hash.
    private func mix(_ seed: UInt64, _ call: String, _ count: Int) -> UInt64 {
        var value = call.utf8.reduce(seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(count)) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
#endif
