#if HTTP
import Concerto
import ConcertoTesting

@testable import ConcertoHTTP

/// A batch against a host that refuses calls, in virtual time: the gate's machine as it is, rows and slots as a batch has them,
/// each call's way an event.
struct PaceSimulation {
    /// Whether the host accepts a call.
    typealias Host = (_ row: Int, _ seconds: Double, _ inFlight: Int) -> Bool

    var rows: Int
    var slots: Int
    var retries = 4
    /// Seconds until an answer, and until a refusal.
    var latency = 0.005
    var refusal = 0.001
    /// By how much timers come late, at most: seconds.
    var lateness = 0.0
    var random = SeededRandom(seed: 1)

    /// What came of it.
    struct Outcome {
        var seconds = 0.0
        var calls = 0
        var failed = 0
        var done = 0
        var pace: Double?
        var rowsPerSecond: Double { Double(done) / seconds }
        var callsPerRow: Double { Double(calls) / Double(done) }
    }

    private enum Event {
        case answered(row: Int, attempt: Int, HostPace.Pass?, accepted: Bool)
        case again(row: Int, attempt: Int)
        case timer
    }

    /// The events to come, the next one last.
    private struct Agenda {
        private var events: [(time: Double, order: Int, event: Event)] = []
        private var order = 0

        mutating func add(_ event: Event, at time: Double) {
            order += 1
            var (low, high) = (0, events.count)
            while low < high {
                let middle = (low + high) / 2
                if events[middle].time > time { low = middle + 1 } else { high = middle }
            }
            events.insert((time, order, event), at: low)
        }

        mutating func next() -> (time: Double, event: Event)? { events.popLast().map { ($0.time, $0.event) } }
    }

    private static func instant(_ seconds: Double) -> TimerInstant {
        TimerInstant(nanoseconds: Int64((seconds * 1e9).rounded()))
    }

    /// Runs to the end of the rows, or of ten hours.
    mutating func run(_ host: Host) -> Outcome {
        var (agenda, outcome, machine) = (Agenda(), Outcome(), HostGateMachine(maximum: nil))
        var (now, free, inside, held) = (0.0, slots, 0, 0)
        var (read, live, timerAt) = (0, 0, Double.infinity)
        var repeats: [(row: Int, attempt: Int)] = []
        var firsts: [Int] = []
        let window = slots * 8 + 64
        func send(_ row: Int, _ attempt: Int, _ pass: HostPace.Pass) {
            free -= 1
            inside += 1
            outcome.calls += 1
            let accepted = host(row, now, inside - held)
            if !accepted { held += 1 }
            let time = (accepted ? latency : refusal) * Double.random(in: 0.8..<1.2, using: &random)
            agenda.add(.answered(row: row, attempt: attempt, pass, accepted: accepted), at: now + time)
        }
        func go() {
            while free > 0 {
                let instant = Self.instant(now)
                // Rows that wait hold no slot: others are read meanwhile, as many as there is room for.
                while live < window, read < rows, firsts.count < 1 || !machine.hasRoom(now: instant) {
                    firsts.append(read)
                    read += 1
                    live += 1
                }
                guard !repeats.isEmpty || !firsts.isEmpty else { return }
                guard machine.hasRoom(now: instant) else {
                    guard let wait = machine.pace.wait(at: instant) else { return }
                    let due = Double(wait.nanoseconds) / 1e9 + lateness * Double.random(in: 0..<1, using: &random)
                    if due < timerAt || timerAt <= now { (timerAt, _) = (due, agenda.add(.timer, at: due)) }
                    return
                }
                let isRepeat = firsts.isEmpty || (!repeats.isEmpty && machine.takesRepeat())
                guard let pass = machine.tryEnter(isRepeat: isRepeat, now: instant) else { return }
                let (row, attempt) = isRepeat ? repeats.removeFirst() : (firsts.removeFirst(), 1)
                send(row, attempt, pass)
            }
        }
        go()
        while outcome.done < rows, now < 36_000, let next = agenda.next() {
            now = next.time
            switch next.event {
            case .timer: timerAt = .infinity
            case .again(let row, let attempt): repeats.append((row, attempt))
            case .answered(let row, let attempt, let pass, let accepted):
                free += 1
                inside -= 1
                if !accepted { held -= 1 }
                let isPaced = machine.pace.rate != nil
                if let pass {
                    machine.leave(pass, accepted ? .answered : .refused(pause: nil), now: Self.instant(now))
                }
                if accepted || attempt > retries {
                    outcome.done += 1
                    live -= 1
                    if !accepted { outcome.failed += 1 }
                } else {
                    let backoff = 0.2 * Double(1 << (attempt - 1)) * Double.random(in: 0..<1, using: &random)
                    agenda.add(.again(row: row, attempt: attempt + 1), at: now + (isPaced ? 0 : backoff))
                }
            }
            go()
        }
        outcome.seconds = now
        outcome.pace = machine.pace.rate
        return outcome
    }

    /// The same rows by a script of twenty lines: a worker a slot, each of which backs off on its own.
    mutating func runScript(_ host: Host) -> Outcome {
        var (agenda, outcome) = (Agenda(), Outcome())
        var (now, inside, held, read) = (0.0, 0, 0, 0)
        func send(_ row: Int, _ attempt: Int) {
            inside += 1
            outcome.calls += 1
            let accepted = host(row, now, inside - held)
            if !accepted { held += 1 }
            let time = (accepted ? latency : refusal) * Double.random(in: 0.8..<1.2, using: &random)
            agenda.add(.answered(row: row, attempt: attempt, nil, accepted: accepted), at: now + time)
        }
        while read < min(slots, rows) { (read, _) = (read + 1, send(read, 1)) }
        while let next = agenda.next() {
            now = next.time
            switch next.event {
            case .timer: break
            case .again(let row, let attempt): send(row, attempt)
            case .answered(let row, let attempt, _, let accepted):
                inside -= 1
                if !accepted { held -= 1 }
                if accepted || attempt > retries {
                    outcome.done += 1
                    if !accepted { outcome.failed += 1 }
                    if read < rows { (read, _) = (read + 1, send(read, 1)) }
                } else {
                    let backoff = 0.2 * Double(1 << (attempt - 1)) * Double.random(in: 0..<1, using: &random)
                    agenda.add(.again(row: row, attempt: attempt + 1), at: now + backoff)
                }
            }
        }
        outcome.seconds = now
        return outcome
    }
}

/// Hosts that refuse calls, each in its way.
enum RefusingHost {
    /// Accepts `rate` calls a second and keeps what is not used for a burst.
    static func bucket(_ rate: Double, burst: Double) -> PaceSimulation.Host {
        var (tokens, last) = (burst, 0.0)
        return { _, now, _ in
            tokens = min(burst, tokens + (now - last) * rate)
            last = now
            guard tokens >= 1 else { return false }
            tokens -= 1
            return true
        }
    }

    /// nginx's `limit_req` with `nodelay`: what is more than `burst` ahead of the rate is refused, by the millisecond.
    static func nginx(_ rate: Double, burst: Double) -> PaceSimulation.Host {
        var (excess, last) = (0.0, -1)
        return { _, now, _ in
            let millisecond = Int(now * 1000)
            guard last >= 0 else {
                last = millisecond
                return true
            }
            let next = max(0, excess - rate * Double(millisecond - last) / 1000 + 1)
            guard next <= burst else { return false }
            (excess, last) = (next, millisecond)
            return true
        }
    }

    /// Sheds this share of all calls.
    static func random(_ share: Double, seed: UInt64) -> PaceSimulation.Host {
        var random = SeededRandom(seed: seed)
        return { _, _, _ in Double.random(in: 0..<1, using: &random) >= share }
    }

    /// Refuses the rows of a key that is out of quota: this share of them.
    static func keyed(_ share: Double, seed: UInt64) -> PaceSimulation.Host {
        var (random, isOut) = (SeededRandom(seed: seed), [Int: Bool]())
        return { row, _, _ in
            if isOut[row] == nil { isOut[row] = Double.random(in: 0..<1, using: &random) < share }
            return isOut[row] == false
        }
    }

    /// Accepts so many calls at a time.
    static func concurrency(_ limit: Int) -> PaceSimulation.Host { { _, _, inFlight in inFlight <= limit } }
}
#endif
