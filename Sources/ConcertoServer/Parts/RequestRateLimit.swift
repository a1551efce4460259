#if Server
public import ConcertoResilience
import ConcertoRuntime
import HTTPTypes
import Hummingbird

/// How much each client may ask for.
///
/// Who asks for more gets 429 with the exact `Retry-After`; every answer tells what is left (`RateLimit-Limit`,
/// `RateLimit-Remaining`, `RateLimit-Reset`).
public struct RequestRateLimit: Sendable {
    /// The limit of each key.
    public var limit: RateLimit
    /// By what clients are told apart.
    public var key: RequestKey
    /// How many keys are remembered: 1 or more, default 10,000.
    public var maxKeys: Int

    /// A limit for each client.
    public init(_ limit: RateLimit, by key: RequestKey = .peer(), maxKeys: Int = 10_000) {
        self.limit = limit
        self.key = key
        self.maxKeys = maxKeys
    }
}

/// The limiters of a ``RequestRateLimit``.
struct RateGate: Sendable {
    struct Reading {
        let isAllowed: Bool
        let limit: Int
        let remaining: Int
        let reset: Int64
        let retryAfter: Int64

        func write(to headers: inout HTTPFields) {
            headers[Self.limitName] = String(limit)
            headers[Self.remainingName] = String(remaining)
            headers[Self.resetName] = String(reset)
        }

        // Literals that are valid names.
        private static let limitName = HTTPField.Name("RateLimit-Limit").unsafelyUnwrapped
        private static let remainingName = HTTPField.Name("RateLimit-Remaining").unsafelyUnwrapped
        private static let resetName = HTTPField.Name("RateLimit-Reset").unsafelyUnwrapped
    }

    private let options: RequestRateLimit
    private let limiters: PartitionedRateLimiter<String>

    init(_ options: RequestRateLimit, clock: any TimerClock) {
        self.options = options
        limiters = PartitionedRateLimiter(maxKeys: options.maxKeys) { _ in
            RateLimiter(options.limit, queueLimit: 0, clock: clock)
        }
    }

    /// Takes a permit of the client's, if there is one; `nil` for who is not limited.
    func take(_ request: Request) -> Reading? {
        guard let key = options.key.key(request) else { return nil }
        let limiter = limiters[key]
        let isAllowed = limiter.tryAcquire()
        let burst = options.limit.burst
        return Reading(
            isAllowed: isAllowed, limit: burst, remaining: max(0, limiter.available),
            reset: seconds(limiter.retryAfter(burst)), retryAfter: max(1, seconds(limiter.retryAfter())))
    }

    /// Rounded up: never less than the truth.
    private func seconds(_ duration: Duration?) -> Int64 {
        guard let parts = duration?.components else { return 0 }
        return parts.seconds + (parts.attoseconds > 0 ? 1 : 0)
    }
}
#endif
