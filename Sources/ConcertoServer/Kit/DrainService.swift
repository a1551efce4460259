#if Server
import Concerto
import ConcertoRuntime
import ServiceLifecycle

/// Stands behind the application in its group of services, and so is told first that the process ends. The application,
/// which would close its listener at once, is told when this has ended.
final class DrainService: Service {
    private let kit: ServerKit
    private let limit = Guarded<(any ScheduledTimer)?>(nil)

    init(kit: ServerKit) {
        self.kit = kit
    }

    func run() async throws {
        try await kit.health.warmUp()
        try await gracefulShutdown()
        let life = kit.life
        life.beginDrain()
        let timer = life.clock.schedule(at: life.clock.now.advanced(by: kit.options.drainLimit)) {
            // Off the clock's thread: there may be many, and each has cancellation handlers.
            Task { life.abandonAll() }
        }
        limit.withLock { $0 = timer }
        try await life.clock.sleep(for: kit.options.drainDelay)
        life.endDrain()
    }

    /// The application has ended: nothing is left to be abandoned.
    func end() {
        limit.withLock { $0.take() }?.cancel()
    }
}
#endif
