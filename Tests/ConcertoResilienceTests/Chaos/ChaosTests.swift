import ConcertoResilience
import ConcertoTesting
import Foundation
import Testing

struct ChaosTests {
    private let clock = ManualClock()
    private let on = ChaosSwitch { _ in }

    init() { on.turnOn(because: "a test") }

    private func options(_ change: (inout ChaosOptions) -> Void = { _ in }) -> ChaosOptions {
        var options = ChaosOptions()
        options.injectionRate = 1
        options.clock = clock
        change(&options)
        return options
    }

    /// Simmy: rate 0.001, a latency of 30 s.
    @Test func `the defaults are Simmy's`() {
        let options = ChaosOptions()
        #expect(options.injectionRate == 0.001)
        #expect(options.rate == nil && options.isEnabled == nil && options.onInject == nil)
    }

    @Test(arguments: [-0.1, 1.1, .nan, .infinity])
    func `a rate that cannot be is named`(rate: Double) throws {
        let error = try #require(throws: InvalidOptionsError.self) {
            try Chaos.latency(options: options { $0.injectionRate = rate }, switch: on) { _ in .zero }
        }
        #expect(error.subject == "Chaos" && error.problems.map(\.field) == ["injectionRate"])
    }

    @Test func `it is off until somebody turns it on, who is named`() async throws {
        let lines = Log<String>()
        let control = ChaosSwitch { lines.append($0) }
        let chaos = try Chaos.fault(options: options(), switch: control) { _ in Failure() }
        try await chaos.execute {}
        #expect(!control.isOn && lines.entries.isEmpty)
        control.turnOn(because: "game day")
        control.turnOn(because: "again")
        await #expect(throws: Failure.self) { try await chaos.execute {} }
        control.turnOff()
        try await chaos.execute {}
        #expect(lines.entries.count == 2 && lines.entries[0].hasSuffix(": game day"))
    }

    @Test func `the environment turns it on`() {
        let lines = Log<String>()
        let name = "CONCERTO_TEST_CHAOS_\(UInt64.random(in: 0 ... .max))"
        #expect(!ChaosSwitch(variable: name) { lines.append($0) }.isOn)
        setenv(name, "1", 1)
        #expect(ChaosSwitch(variable: name) { lines.append($0) }.isOn)
        setenv(name, "0", 1)
        #expect(!ChaosSwitch(variable: name) { lines.append($0) }.isOn)
        unsetenv(name)
        #expect(lines.entries.count == 1 && lines.entries[0].contains(name))
    }

    /// Simmy: inject if the draw is below the rate, which is cut to 0…1.
    @Test(arguments: [(0.0, 0), (-5, 0), (.nan, 0), (1, 1_000), (7, 1_000), (0.3, 300)])
    func `as many calls are struck as the rate says`(rate: Double, expected: Int) async throws {
        let struck = Counter()
        let chaos = try Chaos.fault(
            options: options {
                $0.rate = { _ in rate }
                $0.random = seeded()
            }, switch: on
        ) { _ in
            struck.increment()
            return Failure()
        }
        for _ in 0..<1_000 { _ = try? await chaos.execute {} }
        #expect(expected % 1_000 == 0 ? struck.value == expected : abs(struck.value - expected) < 100)
    }

    @Test func `latency makes the call wait before it begins`() async throws {
        let chaos = try Chaos.latency(options: options(), switch: on) { _ in .seconds(3) }
        let (clock, begun) = (clock, Counter())
        let call = Task { try await chaos.execute { begun.increment() } }
        await clock.sleepers()
        #expect(begun.value == 0)
        clock.advance(by: .seconds(3))
        #expect(try await call.value == 1)
        let none = try Chaos.latency(options: options(), switch: on) { _ in .seconds(-1) }
        #expect(try await none.execute { begun.increment() } == 2)
    }

    @Test func `cancellation ends an injected latency`() async throws {
        let chaos = try Chaos.latency(options: options(), switch: on) { _ in .seconds(3) }
        let call = Task { try await chaos.execute {} }
        await clock.sleepers()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
    }

    /// Simmy looks for cancellation between its generators.
    @Test func `a call that is cancelled while it is decided on is not struck`() async throws {
        let struck = Counter()
        let chaos = try Chaos.fault(
            options: options {
                $0.isEnabled = { _ in
                    withUnsafeCurrentTask { $0?.cancel() }
                    return true
                }
            }, switch: on
        ) { _ in
            struck.increment()
            return Failure()
        }
        let call = Task { try await chaos.execute {} }
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(struck.value == 0)
    }

    @Test func `a fault stands in place of the call, and none leaves it alone`() async throws {
        let calls = Counter()
        let chaos = try Chaos.fault(options: options(), switch: on) { context in
            context.operation == "spare" ? nil : Failure(number: 3)
        }
        await #expect(throws: Failure(number: 3)) { try await chaos.execute { calls.increment() } }
        #expect(calls.value == 0)
        #expect(try await chaos.execute("spare") { calls.increment() } == 1)
    }

    @Test func `weighted faults come as often as their weights say`() async throws {
        let chaos = try Chaos.fault(
            options: options { $0.random = seeded() }, switch: on,
            weighted: [(70, Failure(number: 1)), (0, Failure(number: 2)), (30, Failure(number: 3))])
        var counts = [0, 0, 0, 0]
        for _ in 0..<2_000 {
            do { try await chaos.execute {} } catch { counts[(error as? Failure)?.number ?? 0] += 1 }
        }
        #expect(counts[0] == 0 && counts[2] == 0 && abs(counts[1] - 1_400) < 150)
        for weights in [[], [0.0], [-1.0, 2], [.nan]] {
            #expect(throws: InvalidOptionsError.self) {
                try Chaos.fault(options: options(), switch: on, weighted: weights.map { ($0, Failure()) })
            }
        }
    }

    @Test func `an outcome stands in place of the result, and strategies further out judge it`() async throws {
        let on = on
        let options = options()
        let pipeline = try ResiliencePipeline {
            Retry(maxRetries: 2, backoff: .none, budget: nil, retryResults: ResultPredicate { (n: Int) in n < 0 })
            try Chaos.outcome(options: options, switch: on) { context in context.attempt < 3 ? -1 : 42 }
        }
        #expect(try await pipeline.execute { 0 } == 42)
    }

    @Test func `behaviour runs before the call, and what it throws is thrown`() async throws {
        let log = Log<String>()
        let chaos = try Chaos.behavior(options: options { $0.onInject = { _ in log.append("told") } }, switch: on) {
            context in
            log.append("behaviour")
            if context.operation == "fail" { throw Failure() }
        }
        try await chaos.execute { log.append("call") }
        await #expect(throws: Failure.self) { try await chaos.execute("fail") { log.append("never") } }
        #expect(log.entries == ["told", "behaviour", "call", "told", "behaviour"])
    }

    @Test func `every kind is reported by its name`() async throws {
        let telemetry = ResilienceTelemetry()
        let seen = Log<String>()
        let registration = telemetry.addListener {
            seen.append("\($0.name.rawValue) \($0.severity) \($0.strategy ?? "")")
        }
        let (on, clock) = (on, clock)
        let options = options {
            $0.telemetry = telemetry
            $0.name = "monkey"
        }
        let kinds: [Chaos] = [
            try .latency(options: options, switch: on) { _ in .seconds(1) },
            try .fault(options: options, switch: on) { _ in Failure() },
            try .outcome(options: options, switch: on) { _ in 1 },
            try .behavior(options: options, switch: on) { _ in },
        ]
        for chaos in kinds { await clock.drive { _ = try? await chaos.execute { 0 } } }
        registration.remove()
        #expect(seen.entries == ["latency", "fault", "outcome", "behavior"].map { "chaos.\($0) information monkey" })
    }
}
