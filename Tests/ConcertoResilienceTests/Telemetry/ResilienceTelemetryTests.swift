import ConcertoResilience
import ConcertoTesting
import Testing

struct ResilienceTelemetryTests {
    private let clock = ManualClock()
    private let telemetry = ResilienceTelemetry()

    private struct Seen: Hashable, Sendable {
        let name: ResilienceEvent.Name
        let severity: ResilienceEvent.Severity
        let strategy: String?
        let attempt: Int

        init(_ event: ResilienceEvent) {
            name = event.name
            severity = event.severity
            strategy = event.strategy
            attempt = event.attempt
        }

        init(_ name: ResilienceEvent.Name, _ severity: ResilienceEvent.Severity, _ strategy: String?, _ attempt: Int) {
            self.name = name
            self.severity = severity
            self.strategy = strategy
            self.attempt = attempt
        }
    }

    @Test func nobodyListensAtFirstAndAfterRemoval() {
        #expect(!telemetry.isActive)
        let registration = telemetry.addListener { _ in }
        #expect(telemetry.isActive)
        registration.remove()
        #expect(!telemetry.isActive)
    }

    @Test func aPipelineReportsWhatItsStrategiesDo() async throws {
        let log = Log<Seen>()
        let registration = telemetry.addListener { log.append(Seen($0)) }
        let pipeline = ResiliencePipeline("users", telemetry: telemetry) {
            Retry(maxRetries: 1, backoff: .none, name: "retry", clock: clock, telemetry: telemetry) {
                !($0 is CircuitOpenError)
            }
            CircuitBreaker(consecutiveFailures: 2, name: "breaker", clock: clock, telemetry: telemetry)
        }
        _ = try? await pipeline.execute("load") { () async throws -> Void in throw Failure() }
        _ = try? await pipeline.execute("load") {}
        registration.remove()
        _ = try? await pipeline.execute("load") {}
        #expect(
            log.entries == [
                Seen(.retryAttempt, .warning, "retry", 1), Seen(.circuitOpened, .error, "breaker", 1),
                Seen(.retryExhausted, .error, "retry", 2), Seen(.pipelineExecuted, .warning, "users", 1),
                Seen(.circuitRejected, .error, "breaker", 1), Seen(.pipelineExecuted, .warning, "users", 1),
            ])
    }

    @Test func eventsAreAStream() async throws {
        let events = telemetry.events()
        let limiter = RateLimiter(
            .smooth(1, per: .seconds(1)), queueLimit: 0, name: "api", clock: clock, telemetry: telemetry)
        #expect(limiter.tryAcquire())
        _ = try? await limiter.execute("load") {}
        for await event in events {
            #expect(event.name == .rateLimiterRejected)
            #expect(event.strategy == "api")
            #expect(event.operation == "load")
            #expect(event.delay == .seconds(1))
            break
        }
    }

    @Test func everyEventHasANameOfItsOwn() {
        let names = ResilienceEvent.Name.allCases.map(\.rawValue)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.contains(".") })
    }
}
