import ConcertoResilience
import ConcertoTesting
import Testing

/// The breaker against a second, naive automaton that keeps every call it has seen.
struct CircuitBreakerModelTests {
    private enum Model {
        struct Call {
            let time: Int64
            let failed: Bool
        }

        case closed([Call])
        case open(until: Int64)
        case halfOpen(until: Int64, running: Int, successes: Int, failures: Int)
    }

    private struct Rules {
        let ratio: Double
        let minimum: Int
        let window: Int64
        let breakFor: Int64
        let permits: Int
        let successes: Int
        let failures: Int
        let limit: Int64
    }

    /// A probe or call that is under way: opened by the test, ended later in random order.
    private struct Running {
        let gate: OutcomeGate
        let task: Task<Void, Never>
        let era: Int
    }

    @Test func agreesWithAReferenceAutomatonOverRandomHistories() async throws {
        let random = seeded()
        for _ in 0..<25 { try await run(random) }
    }

    private func run(_ random: RandomSource) async throws {
        let slot: Int64 = 1_000
        let rules = Rules(
            ratio: [0.2, 0.5, 0.75, 1][random.int(below: 4)], minimum: 1 + random.int(below: 6),
            window: slot * 10, breakFor: Int64(1 + random.int(below: 8_000)), permits: 1 + random.int(below: 3),
            successes: 1 + random.int(below: 3), failures: 1 + random.int(below: 2), limit: 20_000)
        let clock = ManualClock()
        var options = CircuitBreakerOptions()
        options.clock = clock
        options.trip = .failureRatio(
            rules.ratio, minimumThroughput: rules.minimum, window: .time(.milliseconds(rules.window)))
        options.breakDuration = .fixed(.milliseconds(rules.breakFor))
        options.halfOpenPermits = rules.permits
        options.halfOpenSuccesses = rules.successes
        options.halfOpenFailures = rules.failures
        options.halfOpenTimeLimit = .milliseconds(rules.limit)
        let breaker = try CircuitBreaker(options: options)

        var model = Model.closed([])
        var era = 0
        var now: Int64 = 0
        var running: [Running] = []

        func settleModel() {
            switch model {
            case .open(let until) where now >= until:
                model = .halfOpen(until: now + rules.limit, running: 0, successes: 0, failures: 0)
                era += 1
            case .halfOpen(let until, 0, let successes, let failures) where now >= until:
                model = .halfOpen(until: now + rules.limit, running: 0, successes: successes, failures: failures)
            case .halfOpen(let until, _, _, _) where now >= until:
                model = .open(until: now + rules.breakFor)
                era += 1
            default: break
            }
        }

        func admits() -> Bool {
            settleModel()
            switch model {
            case .closed: return true
            case .open: return false
            case .halfOpen(let until, let running, let successes, let failures):
                guard running < rules.permits else { return false }
                model = .halfOpen(until: until, running: running + 1, successes: successes, failures: failures)
                return true
            }
        }

        func record(_ verdict: CircuitBreakerOptions.Verdict, era callEra: Int) {
            settleModel()
            guard callEra == era else { return }
            switch model {
            case .closed(var calls):
                guard verdict != .ignored else { return }
                calls.append(.init(time: now / slot, failed: verdict == .failure))
                calls.removeAll { $0.time <= now / slot - 10 }
                let failures = calls.filter(\.failed).count
                if calls.count >= rules.minimum, Double(failures) >= rules.ratio * Double(calls.count) {
                    model = .open(until: now + rules.breakFor)
                    era += 1
                } else {
                    model = .closed(calls)
                }
            case .open: break
            case .halfOpen(let until, let running, var successes, var failures):
                if verdict == .success { successes += 1 }
                if verdict == .failure { failures += 1 }
                if successes >= rules.successes {
                    model = .closed([])
                    era += 1
                } else if failures >= rules.failures {
                    model = .open(until: now + rules.breakFor)
                    era += 1
                } else {
                    model = .halfOpen(
                        until: until, running: running - 1, successes: successes, failures: failures)
                }
            }
        }

        func state() -> CircuitState {
            settleModel()
            return switch model {
            case .closed: .closed
            case .open: .open
            case .halfOpen: .halfOpen
            }
        }

        for _ in 0..<300 {
            switch random.int(below: 10) {
            case 0..<5:
                let gate = OutcomeGate()
                let rejected = Counter()
                let task = Task {
                    do {
                        try await breaker.execute { try await gate.wait() }
                    } catch is CircuitOpenError {
                        rejected.increment()
                        gate.arrive()
                    } catch {}
                }
                await gate.arrival()
                let isAdmitted = admits()
                #expect((rejected.value == 0) == isAdmitted)
                if rejected.value == 0 { running.append(Running(gate: gate, task: task, era: era)) }
            case 5..<9:
                guard !running.isEmpty else { continue }
                let call = running.remove(at: random.int(below: running.count))
                let verdict: CircuitBreakerOptions.Verdict = [.success, .failure, .failure, .ignored][
                    random.int(below: 4)]
                call.gate.end(verdict)
                await call.task.value
                record(verdict, era: call.era)
            default:
                let step = Int64(random.int(below: 6_000))
                now += step
                clock.advance(by: .milliseconds(step))
            }
            #expect(breaker.state == state())
        }
        for call in running { call.gate.end(.ignored) }
        for call in running { await call.task.value }
    }
}
