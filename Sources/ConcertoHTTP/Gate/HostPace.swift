#if HTTP
import Concerto

/// How fast a host is called that refuses calls (429, 503) without saying when to come back.
///
/// Such a refusal may mean that calls come too fast. Then a pace helps: without one each row backs off on its own, and
/// together they run into the limit again and again. Or the host refuses calls at random, or those of one key: then a pace
/// helps nobody, and lowering it with each refusal would bring the host's calls to a standstill. Which of the two it is
/// nobody says, so it is tried out:
///
/// - *free*: no pace. Refused rows back off on their own. Enough refusals begin a trial.
/// - *trial*: calls that are under way come back first, then some go at four fifths of what the host has accepted. If they
///   fare clearly better (the odds of being accepted are three times as good), refusals are a matter of the pace. If twice they
///   do not, they are not, and the host is called freely again; the next trial comes after many more outcomes, unless the
///   host refuses far more than it did.
/// - *held*: refusals are a matter of the pace. The pace rises while nothing is refused and falls to what was accepted when
///   something is; between a pace that was good and one that was not it looks in the middle (as Binary Increase Congestion
///   control does; Xu, Harfoush, Rhee 2004). If lower and lower paces do not help, the host is called freely again.
///
/// So the pace is lowered for good only where that lowers the share of refusals, judged over tens of outcomes. That a sender
/// tells by trial what loss is the network's own is from PCC (Dong et al. 2015).
///
/// A host that refuses everything is asked twice a second, about what one row with its back-off would do.
struct HostPace: Sendable {
    /// What is known of a call that was let in, to tell how it ended.
    struct Pass: Hashable, Sendable {
        /// In which epoch it went: the pace was the same, or there was none, from its beginning to its end.
        var epoch: Int
        /// The how manieth of its kind it was in this epoch.
        var number: Int
        var isRepeat: Bool
    }

    private struct Trial {
        /// How first attempts fared before.
        var before: PaceTally
        /// Odds that are not good enough to be an improvement, besides those of `before`.
        var known: Double
        /// Until when calls that are under way may come back, before the trial's own go.
        var drainsUntil: TimerInstant?
        var failures = 0
    }

    private struct Hold {
        /// The fastest pace at which nothing was refused lately.
        var good: Double?
        /// The slowest pace at which too much was refused lately.
        var bad: Double?
        /// By what share the pace rises where nothing is known.
        var growth: Double
        /// How often the pace was lowered without a good one between.
        var lowered = 0
        /// How calls fared at all these paces but the first.
        var meanwhile = PaceTally.Side()
    }

    private enum Mode {
        case free
        case trial(Trial)
        case held(Hold)
    }

    private var mode = Mode.free
    /// Calls a second; `nil` for no limit.
    private var pace: Double?
    private var next = TimerInstant(nanoseconds: .min)
    private var epoch = 0
    private var tally = PaceTally()
    /// Calls of this epoch, and of earlier ones, that are under way.
    private var current = 0
    private var older = 0
    /// Outcomes until the next trial, and how many it would be after another one in vain.
    private var untilTrial = 0
    private var patience = Self.leastPatience
    /// The odds of being accepted when a trial was in vain.
    private var knownOdds = 0.0

    /// A host that accepts nothing is called so often.
    private static let floor = 2.0
    private static let slowest = 0.02
    /// From here on a pace is none any more.
    private static let fastest = 20_000.0
    /// How much better the odds of being accepted must be.
    private static let clearly = 3.0
    private static let leastPatience = 128
    private static let mostPatience = 16_384
    /// Calls that have not come back by then are slow to be answered; those that are refused come back sooner.
    private static let longestDrain = Duration.milliseconds(250)
    /// Admissions that a late timer may catch up on.
    private static let slack = Duration.milliseconds(5)

    /// Calls a second that the host is given because it refuses more; `nil` for no limit.
    var rate: Double? { if case .held = mode { pace } else { nil } }

    /// Whether first attempts and repeated ones take turns: neither kind may hide how the other fares.
    var takesTurns: Bool { if case .free = mode { false } else { true } }

    /// When the next call may go; `nil` for at once.
    func wait(at now: TimerInstant) -> TimerInstant? {
        if case .trial(let trial) = mode, let until = trial.drainsUntil { return until > now ? until : nil }
        guard pace != nil, next > now else { return nil }
        return next
    }

    /// A call goes.
    mutating func admitted(isRepeat: Bool, at now: TimerInstant) -> Pass {
        if case .trial(let trial) = mode, let until = trial.drainsUntil, now >= until { begin(trial, at: now) }
        let number = tally.admit(isRepeat: isRepeat, at: now)
        current += 1
        if let pace {
            next = max(next, now.advanced(by: .zero - Self.slack)).advanced(by: .seconds(1 / pace))
        }
        return Pass(epoch: epoch, number: number, isRepeat: isRepeat)
    }

    /// A call was answered with something else than a refusal.
    mutating func answered(_ pass: Pass, at now: TimerInstant) { ended(pass, refused: false, at: now) }

    /// A call was refused without a word about when to come back.
    mutating func refused(_ pass: Pass, at now: TimerInstant) { ended(pass, refused: true, at: now) }

    /// A call has ended in a way that says nothing.
    mutating func abandoned(_ pass: Pass, at now: TimerInstant) { ended(pass, refused: nil, at: now) }

    private mutating func ended(_ pass: Pass, refused: Bool?, at now: TimerInstant) {
        guard pass.epoch == epoch else { return endedLate(pass, refused: refused, at: now) }
        current -= 1
        guard let refused else { return }
        tally.end(isRepeat: pass.isRepeat, number: pass.number, refused: refused, at: now)
        switch mode {
        case .free: judgeFree(refused, at: now)
        case .trial(let trial): judge(trial, at: now)
        case .held(let hold): judge(hold, refused, at: now)
        }
    }

    /// A call of an earlier epoch says nothing about the present pace; while a trial waits for it, it still says something
    /// about the time before.
    private mutating func endedLate(_ pass: Pass, refused: Bool?, at now: TimerInstant) {
        older -= 1
        guard case .trial(var trial) = mode, trial.drainsUntil != nil else { return }
        if let refused, pass.epoch == epoch - 1 {
            trial.before.end(isRepeat: pass.isRepeat, number: pass.number, refused: refused, at: now)
            mode = .trial(trial)
        }
        if older == 0 { begin(trial, at: now) }
    }

    // MARK: Free

    private mutating func judgeFree(_ refused: Bool, at now: TimerInstant) {
        if untilTrial > 0 { untilTrial -= 1 }
        let firsts = tally.firsts
        if refused {
            let isWorse = knownOdds > 0 && firsts.judged >= 32 && firsts.odds < knownOdds / 4
            // Fewer refusals cost less than to find out what they mean.
            if firsts.refused >= 3, firsts.judged >= 8, firsts.share >= 0.15, untilTrial == 0 || isWorse {
                let trial = Trial(
                    before: tally, known: isWorse ? 0 : knownOdds, drainsUntil: now.advanced(by: Self.longestDrain))
                mode = .trial(trial)
                beginEpoch()
                if older == 0 { begin(trial, at: now) }
                return
            }
        }
        if firsts.answered + firsts.refused >= 64 { beginEpoch() }
    }

    private mutating func callFreely(at now: TimerInstant) {
        knownOdds = tally.evidence.odds
        // Below the floor a trial takes minutes.
        if let pace, pace <= Self.floor { patience = max(patience, 1_024) }
        untilTrial = patience
        patience = min(Self.mostPatience, patience * 2)
        mode = .free
        pace = nil
        beginEpoch()
    }

    // MARK: Trial

    private mutating func begin(_ trial: Trial, at now: TimerInstant) {
        var trial = trial
        trial.drainsUntil = nil
        mode = .trial(trial)
        let firsts = trial.before.firsts
        let accepted = trial.before.perSecond(firsts.accepted)
        set(accepted > 0 ? 0.8 * accepted : trial.before.perSecond(firsts.judged) / 8, at: now)
    }

    private mutating func judge(_ trial: Trial, at now: TimerInstant) {
        guard let pace, trial.drainsUntil == nil else { return }
        var trial = trial
        let (firsts, repeats, evidence) = (tally.firsts, tally.repeats, tally.evidence)
        // Rows that are refused again and again, and no others to tell by.
        if firsts.admitted == 0, repeats.refused >= 24, repeats.accepted <= 2 { return callFreely(at: now) }
        if firsts.accepted + repeats.accepted == 0, firsts.refused >= 6, pace > Self.floor {
            trial.before.firsts.refused += firsts.refused
            trial.before.firsts.latest += firsts.refused
            // So far down, one look is enough.
            trial.failures = pace / 8 > Self.floor ? 1 : 0
            return go(on: trial, at: pace / 8, now)
        }
        // It refuses everything.
        if pace <= Self.floor, evidence.answered < 2 { return }
        let before = trial.before.firsts
        guard evidence.judged >= Self.sample(of: before, at: pace) else { return }
        if evidence.odds >= Self.clearly * max(before.odds, trial.known) {
            var hold = Hold(growth: 0.5)
            if evidence.share > 0.06 {
                (hold.bad, hold.growth) = (pace, 0.04)
                set(accepted(at: pace), at: now)
            } else {
                hold.good = pace
            }
            mode = .held(hold)
            beginEpoch()
            return
        }
        trial.failures += 1
        // Where nearly everything is refused a few outcomes tell little.
        if trial.failures >= (evidence.share < 0.75 ? 2 : 3) {
            callFreely(at: now)
        } else {
            trial.before = tally
            go(on: trial, at: max(0.8 * accepted(at: pace), pace / 8), now)
        }
    }

    private mutating func go(on trial: Trial, at pace: Double, _ now: TimerInstant) {
        mode = .trial(trial)
        set(pace, at: now)
        beginEpoch()
    }

    /// How many outcomes tell whether fewer calls are refused than `before`.
    private static func sample(of before: PaceTally.Side, at pace: Double) -> Int {
        if pace < floor { return 8 }
        if pace == floor { return 24 }
        return Int(min(96, max(16, 4 / max(before.share, 0.01))))
    }

    // MARK: Held

    private mutating func judge(_ hold: Hold, _ refused: Bool, at now: TimerInstant) {
        guard let pace else { return }
        let evidence = tally.evidence
        let isNear = hold.growth < 0.08 && pace >= Self.floor
        if evidence.judged >= (isNear ? 64 : 12), evidence.share < 0.03 {
            raise(hold, from: pace, at: now)
        } else if evidence.judged >= 96
            || refused && evidence.refused >= 3 && evidence.judged >= 12 && evidence.share > 0.06
            || refused && evidence.refused >= 6 && evidence.accepted == 0
        {
            lower(hold, from: pace, evidence, at: now)
        }
    }

    private mutating func raise(_ hold: Hold, from pace: Double, at now: TimerInstant) {
        var (hold, faster) = (hold, pace)
        hold.lowered = 0
        hold.meanwhile = PaceTally.Side()
        hold.good = pace
        if let bad = hold.bad, bad > 1.1 * pace {
            faster = (pace + bad) / 2
        } else {
            faster *= 1 + (pace > Self.floor ? hold.growth : max(0.15, hold.growth))
            if faster > hold.bad ?? 0 {
                hold.bad = nil
                if hold.growth < 0.5 { hold.growth = min(0.25, hold.growth * 1.5) }
            }
        }
        mode = .held(hold)
        self.pace = faster
        if faster > Self.fastest {
            mode = .free
            self.pace = nil
            (knownOdds, untilTrial, patience) = (0, 0, Self.leastPatience)
        }
        beginEpoch()
    }

    private mutating func lower(_ hold: Hold, from pace: Double, _ evidence: PaceTally.Side, at now: TimerInstant) {
        var hold = hold
        // The first time the limit has been met from below. After that, a lower pace should have helped.
        if hold.lowered > 0 { hold.meanwhile = hold.meanwhile + evidence }
        hold.lowered += 1
        let meanwhile = hold.meanwhile
        if meanwhile.accepted >= 4,
            meanwhile.judged >= 40 && meanwhile.share > 0.15 && evidence.share > 0.15
                || meanwhile.judged >= 80 && meanwhile.share > 0.05
        {
            return callFreely(at: now)
        }
        var slower = accepted(at: pace)
        if let good = hold.good, good < pace { slower = max(slower, good * 0.98) }
        if evidence.accepted == 0 { slower = max(slower, min(Self.floor, pace)) }
        hold.bad = pace
        hold.good = nil
        hold.growth = 0.04
        mode = .held(hold)
        set(max(slower, pace / 2), at: now)
        beginEpoch()
    }

    // MARK: Pace

    /// A little less than what the host has accepted a second in this epoch.
    private func accepted(at pace: Double) -> Double {
        0.98 * tally.admissionsPerSecond(atMost: pace) * (1 - tally.evidence.share)
    }

    /// Sets the pace, below the floor only where enough calls have shown that less than that is accepted.
    private mutating func set(_ wanted: Double, at now: TimerInstant) {
        let evidence = tally.evidence
        let least =
            if let pace, evidence.judged >= 24, evidence.share >= 0.5 { pace / 4 } else {
                min(Self.floor, pace ?? Self.floor)
            }
        let rate = max(wanted, least, Self.slowest)
        pace = rate
        next = now.advanced(by: .seconds(1 / rate))
    }

    private mutating func beginEpoch() {
        epoch += 1
        older += current
        current = 0
        tally = PaceTally()
    }
}
#endif
