#if Server
import Concerto
public import ConcertoResilience
import ConcertoRuntime

/// How many requests are served at a time, and how the others wait.
///
/// Who is not let in gets 503 with `Retry-After`. A permit is held until the handler has made its answer; a body that it
/// streams afterwards holds none.
public struct Admission: Sendable {
    enum Kind: Sendable {
        case concurrency(Int)
        case adaptive(AdaptiveLimiterOptions)
    }

    let kind: Kind
    let queueLimit: Int
    let maxWait: Duration?
    let order: QueueOrder

    /// A fixed number.
    ///
    /// - Parameters:
    ///   - limit: How many at a time: 1 or more.
    ///   - queue: How many may wait; 0 or more.
    ///   - maxWait: How long; a request's deadline holds as well.
    ///   - order: Under lasting overload `.newestFirst` serves requests that still have time.
    public static func concurrency(
        _ limit: Int, queue: Int = 0, maxWait: Duration? = nil, order: QueueOrder = .oldestFirst
    ) -> Admission {
        Admission(kind: .concurrency(limit), queueLimit: queue, maxWait: maxWait, order: order)
    }

    /// As many as the service bears, found out from its latencies; see `AdaptiveLimiter`.
    public static func adaptive(
        _ options: AdaptiveLimiterOptions = AdaptiveLimiterOptions(), queue: Int = 0, maxWait: Duration? = nil,
        order: QueueOrder = .newestFirst
    ) -> Admission {
        Admission(kind: .adaptive(options), queueLimit: queue, maxWait: maxWait, order: order)
    }
}

/// The limiter of an ``Admission``.
enum AdmissionGate: Sendable {
    case concurrency(ConcurrencyLimiter)
    case adaptive(AdaptiveLimiter)

    init(_ admission: Admission, clock: any TimerClock) throws {
        var waiting = LimiterOptions()
        waiting.queueLimit = admission.queueLimit
        waiting.maxWait = admission.maxWait
        waiting.order = admission.order
        waiting.name = "admission"
        waiting.clock = clock
        switch admission.kind {
        case .concurrency(let limit): self = .concurrency(try ConcurrencyLimiter(permits: limit, options: waiting))
        case .adaptive(var options):
            options.waiting = waiting
            let isOverload = options.isOverload
            options.isOverload = { $0 is RequestDeadlineError || isOverload($0) }
            self = .adaptive(try AdaptiveLimiter(options: options))
        }
    }

    var waiting: Int {
        switch self {
        case .concurrency(let limiter): limiter.statistics.waiters
        case .adaptive(let limiter): limiter.statistics.waiters
        }
    }

    /// Whether a request that can be spared is refused.
    var isCrowded: Bool {
        switch self {
        case .concurrency(let limiter): limiter.inUse * 5 >= limiter.permits * 4
        case .adaptive(let limiter): limiter.inUse * 5 >= limiter.limit * 4
        }
    }

    nonisolated(nonsending)
        func admit<T>(_ body: nonisolated(nonsending) () async throws -> T) async throws -> T
    {
        // What the handler's own limiters throw is not ours.
        var isAdmitted = false
        do {
            switch self {
            case .concurrency(let limiter):
                return try await limiter.withPermit {
                    isAdmitted = true
                    return try await body()
                }
            case .adaptive(let limiter):
                return try await limiter.execute {
                    isAdmitted = true
                    return try await body()
                }
            }
        } catch let error as ConcurrencyLimiterRejectedError where !isAdmitted {
            throw ShedError(reason: error.reason)
        }
    }
}

/// A request was turned away before its handler began.
struct ShedError: Error {
    let reason: LimiterRejectionReason?
}
#endif
