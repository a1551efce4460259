import ConcertoRuntime

/// The order of events in virtual time: at one tick upstream comes first, then timers, then demand.
///
/// Timers are those of the clock; what sources and consumers do at a tick is kept here.
final class MarbleStage: Sendable {
    enum Kind: Int, Sendable {
        case upstream
        case demand
    }

    private struct Cue {
        let tick: Int
        let kind: Kind
        let action: @Sendable () -> Void
    }

    private let cues = Guarded<[Cue]>([])
    let clock: ManualClock
    let executor: ManualExecutor

    init(clock: ManualClock, executor: ManualExecutor) {
        self.clock = clock
        self.executor = executor
    }

    static let nanosecondsPerTick: Int64 = 1_000_000

    var tick: Int { Int(clock.now.nanoseconds / Self.nanosecondsPerTick) }

    func schedule(at tick: Int, _ kind: Kind, _ action: @escaping @Sendable () -> Void) {
        cues.withLock { cues in
            let index = cues.firstIndex { ($0.tick, $0.kind.rawValue) > (tick, kind.rawValue) } ?? cues.endIndex
            cues.insert(Cue(tick: tick, kind: kind, action: action), at: index)
        }
    }

    /// Runs everything until nothing is left to happen, `limit` has passed, or `isDone`.
    func play(until limit: Int, _ isDone: () -> Bool) {
        executor.runUntilIdle()
        while !isDone() {
            let next = [clock.nextDeadline?.nanoseconds, cues.withLock { $0.first.map { Self.nanoseconds($0.tick) } }]
                .compactMap(\.self).min()
            guard let next, next <= Self.nanoseconds(limit) else { return }
            clock.move(to: TimerInstant(nanoseconds: next))
            step()
        }
    }

    /// Does the first of the things that are due now.
    private func step() {
        if let cue = take(.upstream) {
            cue.action()
        } else if !clock.fireFirstDue() {
            take(.demand)?.action()
        }
        executor.runUntilIdle()
    }

    private func take(_ kind: Kind) -> Cue? {
        let now = tick
        return cues.withLock { cues in
            guard let index = cues.firstIndex(where: { $0.tick <= now && $0.kind == kind }) else { return nil }
            return cues.remove(at: index)
        }
    }

    private static func nanoseconds(_ tick: Int) -> Int64 {
        let (product, overflow) = Int64(tick).multipliedReportingOverflow(by: nanosecondsPerTick)
        return overflow ? .max : product
    }
}

extension Duration {
    /// `count` ticks of a marble diagram: a millisecond each.
    public static func ticks(_ count: Int) -> Duration { .milliseconds(count) }
}
