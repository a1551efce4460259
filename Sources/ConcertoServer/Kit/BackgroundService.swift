#if Server
import Concerto
public import ConcertoResilience
public import ConcertoRuntime
import Logging
public import ServiceLifecycle

/// Work beside the requests, for as long as the server runs: a queue that is read, a list that is kept fresh.
///
/// ```swift
/// let prices = BackgroundService("prices", restart: .after(.exponential(base: .seconds(1), cap: .seconds(60)))) {
///     for try await price in feed { prices.set(price) }
/// }
/// try await kit.run(application, background: [prices])
/// ```
///
/// When the server has ended, its task is cancelled. Work that returns has done what it had to do, and nothing follows. Work
/// that throws is begun anew after a pause, or ends the server: in order, with an error that names it.
///
/// - Cancellation: ends the work, or the pause before it.
/// - Where it runs: in a task of its own; what it does before its first `await` delays nobody's start.
public struct BackgroundService: Service, CustomStringConvertible {
    /// What follows when the work throws.
    public enum Restart: Sendable {
        /// The server ends.
        case never
        /// It is begun anew, after a pause that grows; after it has run for `resetAfter` without a failure, the pauses begin
        /// anew too. Each time is logged.
        case after(Backoff, resetAfter: Duration = .seconds(60))
    }

    /// What logs and errors call it.
    public let name: String
    private let restart: Restart
    private let clock: any TimerClock
    private let random: RandomSource
    private let work: @Sendable () async throws -> Void
    private var logger: Logger?

    /// Describes work; nothing is started.
    ///
    /// - Parameters:
    ///   - name: What logs and errors call it.
    ///   - restart: What follows when it throws.
    ///   - clock: Measures the pauses.
    ///   - random: Draws their jitter.
    ///   - work: What it does. When it is cancelled it should end.
    public init(
        _ name: String, restart: Restart = .never, clock: any TimerClock = MonotonicClock(),
        random: RandomSource = .system, work: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.restart = restart
        self.clock = clock
        self.random = random
        self.work = work
    }

    /// Its name.
    public var description: String { name }

    /// The service as a part of a group: it stays until it is told to end. One that ends by itself while others are being
    /// ended would have the group cancel them all.
    func lasting(logger: Logger) -> some Service {
        var service = self
        service.logger = logger
        return LastingService(base: service)
    }

    /// Runs the work until it returns, fails for good, or the server ends.
    ///
    /// - Throws: ``BackgroundServiceError``.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await runAgainAndAgain() }
        } catch is CancellationError {
            // The server has ended.
        }
    }

    private func runAgainAndAgain() async throws {
        var state = Backoff.State()
        var failures = 0
        while true {
            let start = clock.now
            do {
                return try await work()
            } catch {
                // Whatever it says on its way out.
                try Task.checkCancellation()
                guard case .after(let backoff, let resetAfter) = restart else {
                    logger?.error("A background service failed", metadata: ["service": "\(name)", "error": "\(error)"])
                    throw BackgroundServiceError(service: name, cause: error)
                }
                if start.duration(to: clock.now) >= resetAfter { (failures, state) = (0, Backoff.State()) }
                let pause = backoff.delay(beforeRetry: failures, state: &state) { random.nextUnit() }
                failures += 1
                logger?.warning(
                    "A background service failed and is begun anew",
                    metadata: ["service": "\(name)", "error": "\(error)", "pause": "\(pause)"])
                try await clock.sleep(for: pause)
            }
        }
    }
}

private struct LastingService: Service, CustomStringConvertible {
    let base: BackgroundService
    var description: String { base.name }

    func run() async throws {
        try await base.run()
        // Ends by a cancellation too.
        try? await gracefulShutdown()
    }
}

/// A background service failed, and with it the server.
public struct BackgroundServiceError: Error, CustomStringConvertible {
    /// Its name.
    public let service: String
    /// What it threw.
    public let cause: any Error

    /// What happened, and what to do.
    public var description: String {
        "the background service \"\(service)\" failed: \(cause); give it a restart, if it can begin anew"
    }
}
#endif
