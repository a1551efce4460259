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

/// The limiters of an ``Admission``.
struct AdmissionGate: Sendable {
    enum Limiter: Sendable {
        case concurrency(ConcurrencyLimiter)
        case adaptive(AdaptiveLimiter)
    }

    /// What everybody may take.
    private let common: Limiter
    /// What is kept for critical requests; `nil` if no route is critical.
    private let reserve: ConcurrencyLimiter?

    init(_ admission: Admission, keepsReserve: Bool, clock: any TimerClock) throws {
        var waiting = LimiterOptions()
        waiting.queueLimit = admission.queueLimit
        waiting.maxWait = admission.maxWait
        waiting.order = admission.order
        waiting.name = "admission"
        waiting.clock = clock
        switch admission.kind {
        case .concurrency(let limit):
            let kept = keepsReserve ? max(1, limit / 5) : 0
            if keepsReserve, limit < 2 {
                throw ArgumentError("concurrency", limit, "2 or more where a route is critical")
            }
            common = .concurrency(try ConcurrencyLimiter(permits: limit - kept, options: waiting))
            reserve = kept > 0 ? try ConcurrencyLimiter(permits: kept, options: waiting) : nil
        case .adaptive(var options):
            options.waiting = waiting
            let isOverload = options.isOverload
            options.isOverload = { $0 is RequestDeadlineError || isOverload($0) }
            let limiter = try AdaptiveLimiter(options: options)
            common = .adaptive(limiter)
            reserve = keepsReserve ? try ConcurrencyLimiter(permits: Self.kept(limiter.limit), options: waiting) : nil
        }
    }

    /// A fifth of all: what is found out holds for the other four.
    private static func kept(_ limit: Int) -> Int { max(1, limit / 4) }

    var waiting: Int {
        let common =
            switch common {
            case .concurrency(let limiter): limiter.statistics.waiters
            case .adaptive(let limiter): limiter.statistics.waiters
            }
        return common + (reserve?.statistics.waiters ?? 0)
    }

    var inUse: Int {
        let common =
            switch common {
            case .concurrency(let limiter): limiter.inUse
            case .adaptive(let limiter): limiter.inUse
            }
        return common + (reserve?.inUse ?? 0)
    }

    /// Whether a request that can be spared is refused.
    private var isCrowded: Bool {
        switch common {
        case .concurrency(let limiter): limiter.inUse >= limiter.permits - limiter.permits / 5
        case .adaptive(let limiter): limiter.inUse >= limiter.limit - limiter.limit / 5
        }
    }

    nonisolated(nonsending)
        func admit<T>(
            _ priority: RequestPriority, _ body: nonisolated(nonsending) () async throws -> T
        ) async throws -> T
    {
        if priority == .sheddable, isCrowded { throw ShedError(reason: nil) }
        // What the handler's own limiters throw is not ours.
        var isAdmitted = false
        do {
            // With the reserve full too, what everybody may take comes free more often.
            if priority == .critical, let reserve, !hasRoom, reserve.inUse < reserve.permits {
                if case .adaptive(let limiter) = common {
                    let kept = Self.kept(limiter.limit)
                    if reserve.permits != kept { try reserve.update(permits: kept) }
                }
                return try await reserve.withPermit {
                    isAdmitted = true
                    return try await body()
                }
            }
            switch common {
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

    /// Whether a critical request need not touch the reserve. Another may take the place meanwhile; then it waits among all
    /// others for what comes free first.
    private var hasRoom: Bool {
        switch common {
        case .concurrency(let limiter): limiter.inUse < limiter.permits && limiter.statistics.waiters == 0
        case .adaptive(let limiter): limiter.inUse < limiter.limit && limiter.statistics.waiters == 0
        }
    }
}

/// A request was turned away before its handler began.
struct ShedError: Error {
    let reason: LimiterRejectionReason?
}
#endif
