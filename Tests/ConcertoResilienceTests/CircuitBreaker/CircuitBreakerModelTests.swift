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
        case isolated
    }

    private enum Trip: CaseIterable {
        case failuresInARow
        case ratioOverCalls
        case ratioOverTime
    }

    private struct Rules {
        let trip: Trip
        let ratio: Double
        /// Calls in the window, or failures in a row.
        let count: Int
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
        for round in 0..<30 { try await run(random, Trip.allCases[round % 3]) }
    }

    private func run(_ random: RandomSource, _ trip: Trip) async throws {
        let slot: Int64 = 1_000
        let count = 1 + random.int(below: 8)
        let rules = Rules(
            trip: trip, ratio: [0.2, 0.5, 0.75, 1][random.int(below: 4)], count: count,
            minimum: 1 + random.int(below: trip == .ratioOverCalls ? count : 6),
            window: slot * 10, breakFor: Int64(1 + random.int(below: 8_000)), permits: 1 + random.int(below: 3),
            successes: 1 + random.int(below: 3), failures: 1 + random.int(below: 2), limit: 20_000)
        let clock = ManualClock()
        var options = CircuitBreakerOptions()
        options.clock = clock
        options.trip =
            switch trip {
            case .failuresInARow: .consecutiveFailures(count)
            case .ratioOverCalls:
                .failureRatio(rules.ratio, minimumThroughput: rules.minimum, window: .count(count))
            case .ratioOverTime:
                .failureRatio(
                    rules.ratio, minimumThroughput: rules.minimum, window: .time(.milliseconds(rules.window)))
            }
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
            case .open, .isolated: return false
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
                if trip == .ratioOverTime { calls.removeAll { $0.time <= now / slot - 10 } }
                if trip == .ratioOverCalls { calls = calls.suffix(rules.count) }
                let failures = calls.filter(\.failed).count
                let opens =
                    trip == .failuresInARow
                    ? calls.reversed().prefix { $0.failed }.count >= rules.count
                    : calls.count >= rules.minimum && Double(failures) >= rules.ratio * Double(calls.count)
                if opens {
                    model = .open(until: now + rules.breakFor)
                    era += 1
                } else {
                    model = .closed(calls)
                }
            case .open, .isolated: break
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
            case .isolated: .isolated
            }
        }

        func moveByHand() {
            era += 1
            switch random.int(below: 4) {
            case 0:
                breaker.isolate()
                model = .isolated
            case 1:
                let time = Int64(random.int(below: 8_000))
                breaker.open(for: .milliseconds(time))
                model = .open(until: now + time)
            default:
                breaker.close()
                model = .closed([])
            }
        }

        for _ in 0..<300 {
            switch random.int(below: 21) {
            case 20: moveByHand()
            case 0..<10:
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
            case 10..<18:
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
