import Concerto
import ConcertoResilience
import ConcertoTesting
import Dispatch
import Testing

struct ResilienceRegistryTests {
    @Test func aPipelineIsMadeOncePerKeyAndItsStateIsShared() async throws {
        let made = Counter()
        let registry = ResilienceRegistry<String> { host in
            made.increment()
            return ResiliencePipeline(host) { CircuitBreaker(consecutiveFailures: 1, name: host) }
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try? await registry["a"].execute {} } }
        }
        #expect(made.value == 1)
        _ = try? await registry["a"].execute { () async throws -> Void in throw Failure() }
        await #expect(throws: CircuitOpenError.self) { try await registry["a"].execute {} }
        try await registry["b"].execute {}
        #expect(registry.keys.sorted() == ["a", "b"])
    }

    @Test func whoMakesAPipelineHoldsUpNobodyAndGivesWayToOneThatIsSet() async throws {
        // Two tests that block two threads of Swift's own executor would stop all the others.
        let pool = try ThreadPool(.init(minThreads: 1))
        let entered = Gate()
        let release = DispatchSemaphore(value: 0)
        let registry = ResilienceRegistry<String> { key in
            if key == "slow" {
                entered.open()
                release.wait()
            }
            return ResiliencePipeline(key) {}
        }
        _ = registry["quick"]
        let name = Task(executorPreference: pool) { registry["slow"].name }
        await entered.wait()
        #expect(registry["quick"].name == "quick")
        registry.set(ResiliencePipeline("set") {}, for: "slow")
        release.signal()
        #expect(await name.value == "set")
        #expect(registry["slow"].name == "set")
        await pool.shutdown()
    }

    @Test func anExecutionEndsUnderThePipelineItBeganWith() async throws {
        let telemetry = ResilienceTelemetry()
        let names = Log<String?>()
        let registration = telemetry.addListener { names.append($0.strategy) }
        let registry = ResilienceRegistry<String> { ResiliencePipeline("first \($0)", telemetry: telemetry) {} }
        let gate = Gate()
        let task = Task { try await registry["a"].execute { await gate.wait() } }
        await gate.arrival()
        registry.set(ResiliencePipeline("second", telemetry: telemetry) {}, for: "a")
        try await registry["a"].execute {}
        registry.remove("a")
        gate.open()
        try await task.value
        try await registry["a"].execute {}
        registration.remove()
        #expect(names.entries == ["second", "first a", "first a"])
        #expect(registry.statistics(for: "a")?.successes == 1)
    }

    @Test func executionsAreCounted() async throws {
        let registry = ResilienceRegistry<String> { _ in ResiliencePipeline {} }
        #expect(registry.statistics(for: "a") == nil)
        try await registry["a"].execute {
            #expect(registry.statistics(for: "a")?.running == 1)
        }
        _ = try? await registry["a"].execute { () async throws -> Void in throw Failure() }
        let statistics = registry.statistics(for: "a")
        #expect(statistics?.successes == 1 && statistics?.failures == 1 && statistics?.running == 0)
    }

    @Test func aRemovedPipelineIsMadeAnew() async throws {
        let made = Counter()
        let registry = ResilienceRegistry<String> { _ in
            made.increment()
            return ResiliencePipeline {}
        }
        _ = registry["a"]
        #expect(registry.remove("a"))
        #expect(!registry.remove("a"))
        _ = registry["a"]
        #expect(made.value == 2)
    }
}
