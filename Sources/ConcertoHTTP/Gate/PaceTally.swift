#if HTTP
import Concerto

/// How calls ended that went out while a host was called at one pace.
///
/// First attempts and repeated ones are counted apart. A host that refuses some calls whatever the pace (those of one key,
/// say) refuses their repetitions too: they say less about it the more of them there are. A host that refuses what comes too
/// fast makes no difference between the two.
struct PaceTally: Sendable {
    /// Calls of one kind, numbered from 1 in the order in which they went.
    struct Side: Sendable {
        var admitted = 0
        var answered = 0
        var refused = 0
        /// The highest number of a call that has ended.
        var latest = 0

        /// Calls that were not refused: answered, or overtaken by the outcome of a later one. A refusal comes at once, an
        /// answer may take its time.
        var accepted: Int { max(answered, latest - refused) }
        var judged: Int { accepted + refused }
        /// Refused calls of all that can be judged.
        var share: Double { judged > 0 ? Double(refused) / Double(judged) : 0 }
        /// How many calls were accepted for one that was refused; half a call more of each, so that it always is a number.
        var odds: Double { (Double(accepted) + 0.5) / (Double(refused) + 0.5) }

        mutating func end(number: Int, refused isRefused: Bool) {
            latest = max(latest, number)
            if isRefused { refused += 1 } else { answered += 1 }
        }

        static func + (one: Side, other: Side) -> Side {
            var sum = Side()
            sum.admitted = one.admitted + other.admitted
            sum.answered = one.answered + other.answered
            sum.refused = one.refused + other.refused
            sum.latest = one.accepted + other.accepted + sum.refused
            return sum
        }
    }

    var firsts = Side()
    var repeats = Side()
    private var firstAdmission: TimerInstant?
    private var lastAdmission: TimerInstant?
    private var lastOutcome: TimerInstant?

    /// Shorter than this nothing is a rate: the first calls of a crowd come back within a millisecond.
    private static let shortest = Duration.milliseconds(10)

    /// What the host does to calls at this pace: to first attempts, and to repeated ones as far as they fare as well.
    var evidence: Side {
        if firsts.admitted == 0 { return repeats.judged >= 24 ? repeats : firsts }
        let areAlike = repeats.judged >= 4 && repeats.share < 0.7 && repeats.share <= firsts.share + 0.25
        return areAlike ? firsts + repeats : firsts
    }

    /// - Returns: The call's number.
    mutating func admit(isRepeat: Bool, at now: TimerInstant) -> Int {
        firstAdmission = firstAdmission ?? now
        lastAdmission = now
        if isRepeat {
            repeats.admitted += 1
            return repeats.admitted
        }
        firsts.admitted += 1
        return firsts.admitted
    }

    mutating func end(isRepeat: Bool, number: Int, refused: Bool, at now: TimerInstant) {
        lastOutcome = now
        if isRepeat {
            repeats.end(number: number, refused: refused)
        } else {
            firsts.end(number: number, refused: refused)
        }
    }

    /// So many a second of `count` calls, from the first of them to the last outcome.
    func perSecond(_ count: Int) -> Double {
        guard let firstAdmission, let lastOutcome else { return 0 }
        return Double(count) / (max(Self.shortest, firstAdmission.duration(to: lastOutcome)) / .seconds(1))
    }

    /// The pace at which calls went out, as far as it was below `pace`.
    func admissionsPerSecond(atMost pace: Double) -> Double {
        let admitted = firsts.admitted + repeats.admitted
        guard admitted > 1, let firstAdmission, let lastAdmission, lastAdmission > firstAdmission else { return pace }
        return min(pace, Double(admitted - 1) / (firstAdmission.duration(to: lastAdmission) / .seconds(1)))
    }
}
#endif
