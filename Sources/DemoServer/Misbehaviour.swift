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
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private let configuration: DemoServerConfiguration
    private let state: Mutex<State>
    private let clock = ContinuousClock()

    init(_ configuration: DemoServerConfiguration) {
        self.configuration = configuration
        state = Mutex(State(tokens: Double(configuration.burst), filled: clock.now))
    }

    /// How often each call was answered with a success, by method and path.
    var hits: [String: Int] { state.withLock { $0.hits } }

    var isCalm: Bool {
        configuration.rateLimit == nil
            && configuration.unavailable + configuration.closed + configuration.slow == 0
    }

    func treat(_ call: String) -> Treatment {
        if isCalm { return .normal }
        let now = clock.now
        return state.withLock { state in
            if let wait = takeToken(&state, now: now) { return .tooMany(retryAfter: wait) }
            let earlier = state.hits[call, default: 0]
            state.hits[call] = earlier + 1
            return treatment(of: call, earlier: earlier)
        }
    }

    /// Notes a call that a calm server answers.
    func note(_ call: String) {
        state.withLock { $0.hits[call, default: 0] += 1 }
    }

    /// Seconds to wait for the next token, or `nil` if one was taken.
    private func takeToken(_ state: inout State, now: ContinuousClock.Instant) -> Int? {
        guard let rate = configuration.rateLimit else { return nil }
        let elapsed = (now - state.filled) / .seconds(1)
        state.tokens = min(Double(configuration.burst), state.tokens + elapsed * Double(rate))
        state.filled = now
        guard state.tokens >= 1 else { return max(1, Int(((1 - state.tokens) / Double(rate)).rounded(.up))) }
        state.tokens -= 1
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
