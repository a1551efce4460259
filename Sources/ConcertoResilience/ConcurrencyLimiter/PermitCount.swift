/// Pure arithmetic of a ``ConcurrencyLimiter``: how many permits are in use.
struct PermitCount: AdmissionPolicy {
    static var usesTime: Bool { false }

    /// How many may be in use.
    var limit: Int
    /// How many are: more than the limit after it has been lowered.
    private(set) var used = 0

    init(_ limit: Int) {
        self.limit = limit
    }

    mutating func admit(_ weight: Int, at now: TimerInstant) -> Admission {
        guard weight <= limit else { return .never }
        guard weight <= limit - used else { return .notBefore(.distantFuture) }
        used += weight
        return .granted(0)
    }

    func isNever(_ weight: Int) -> Bool { weight > limit }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant { .distantFuture }

    mutating func release(_ weight: Int) {
        demand(weight >= 1, "ConcurrencyLimiter.release needs 1 or more permits, not \(weight)")
        demand(weight <= used, "ConcurrencyLimiter: \(weight) permits given back, but only \(used) are in use")
        used -= weight
    }
}
