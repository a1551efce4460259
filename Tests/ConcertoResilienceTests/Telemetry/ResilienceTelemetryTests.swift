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
            Retry(
                maxRetries: 1, backoff: .none, name: "retry", clock: clock, telemetry: telemetry,
                shouldRetry: { !($0 is CircuitOpenError) })
            CircuitBreaker(consecutiveFailures: 2, name: "breaker", clock: clock, telemetry: telemetry)
        }
        _ = try? await pipeline.execute("load") { () async throws -> Void in throw Failure() }
        _ = try? await pipeline.execute("load") {}
        registration.remove()
        _ = try? await pipeline.execute("load") {}
        #expect(
            log.entries == [
                Seen(.attemptExecuted, .warning, "retry", 1), Seen(.retryAttempt, .warning, "retry", 1),
                Seen(.circuitOpened, .error, "breaker", 1), Seen(.attemptExecuted, .error, "retry", 2),
                Seen(.retryExhausted, .error, "retry", 2), Seen(.pipelineExecuted, .warning, "users", 1),
                Seen(.circuitRejected, .error, "breaker", 1), Seen(.attemptExecuted, .information, "retry", 1),
                Seen(.pipelineExecuted, .warning, "users", 1),
            ])
    }

    private struct Attempt: Hashable, Sendable {
        var number: Int
        var duration: Duration?
        var severity: ResilienceEvent.Severity
        var isHandled: Bool?
        var failed: Bool
    }

    private func attempts(
        _ make: (ResilienceTelemetry, ManualClock) -> Retry, _ body: @Sendable (Int) async throws -> Int
    ) async -> [Attempt] {
        let log = Log<Attempt>()
        let registration = telemetry.addListener { event in
            guard event.name == .attemptExecuted else { return }
            log.append(
                Attempt(
                    number: event.attempt, duration: event.duration, severity: event.severity,
                    isHandled: event.isHandled, failed: event.error != nil))
        }
        _ = await make(telemetry, clock).executeOutcome { context in
            clock.advance(by: .seconds(context.attempt))
            return try await body(context.attempt)
        }
        registration.remove()
        return log.entries
    }

    @Test func everyAttemptIsReportedWithItsNumberDurationAndOutcome() async {
        let seen = await attempts({ Retry(maxRetries: 3, backoff: .none, budget: nil, clock: $1, telemetry: $0) }) {
            if $0 < 3 { throw Failure() }
            return $0
        }
        #expect(
            seen == [
                Attempt(number: 1, duration: .seconds(1), severity: .warning, isHandled: true, failed: true),
                Attempt(number: 2, duration: .seconds(2), severity: .warning, isHandled: true, failed: true),
                Attempt(number: 3, duration: .seconds(3), severity: .information, isHandled: false, failed: false),
            ])
    }

    @Test func theLastHandledAttemptIsAnErrorAndAnUnhandledOneIsNot() async {
        let last = await attempts({ Retry(maxRetries: 0, budget: nil, clock: $1, telemetry: $0) }) { _ in
            throw Failure()
        }
        #expect(last.map(\.severity) == [.error] && last.map(\.isHandled) == [true])
        let unhandled = await attempts({
            Retry(maxRetries: 3, budget: nil, clock: $1, telemetry: $0, shouldRetry: { _ in false })
        }) { _ in throw Failure() }
        #expect(unhandled.map(\.severity) == [.information] && unhandled.map(\.isHandled) == [false])
    }

    @Test func aResultThatIsRetriedIsAHandledAttempt() async {
        let seen = await attempts({
            Retry(
                maxRetries: 1, backoff: .none, budget: nil,
                retryResults: ResultPredicate { (value: Int) in value == 1 },
                clock: $1, telemetry: $0)
        }) { $0 }
        #expect(seen.map(\.isHandled) == [true, false] && seen.allSatisfy { !$0.failed })
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
