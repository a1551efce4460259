#if os(Linux)
import CConcerto
import Concerto
import ConcertoRuntime

/// A dashboard for servers that have no thread to spare: it takes its samples on one of its own, from the first look until
/// it is let go of.
package final class DashboardService: Sendable {
    /// What its thread has, which must not keep the service.
    private final class Beat: Sendable {
        let history = DashboardHistory()
        let isStopped = Guarded(false)

        func run() {
            var beat = SampleBeat(every: .seconds(1), now: MonotonicTime.now)
            // Nobody wakes it: what is over is seen within a tenth of a second.
            var word: UInt32 = 0
            while !isStopped.withLock({ $0 }) {
                if let sample = beat.sample(now: MonotonicTime.now) { history.add(sample) }
                _ = concerto_futex_wait(&word, 0, min(beat.due, concerto_now() + 100_000_000))
            }
        }
    }

    private let beat = Beat()
    private let hasBegun = Guarded(false)
    private let look = DashboardLook()

    package init() {}

    deinit { beat.isStopped.withLock { $0 = true } }

    package var history: DashboardHistory { beat.history }

    /// Begins to take samples, if it has not.
    package func begin() {
        let isFirst = hasBegun.withLock { hasBegun in
            defer { hasBegun = true }
            return !hasBegun
        }
        guard isFirst else { return }
        let beat = beat
        if !OwnThread.start("concerto-dash", { beat.run() }) { hasBegun.withLock { $0 = false } }
    }

    /// See ``DashboardLook/findings()``; on a thread of its own.
    package func findings() async -> Result<String, DashboardLook.Busy> {
        await onThread { look throws(DashboardLook.Busy) in try look.findings() }
    }

    /// See ``DashboardLook/report()``; on a thread of its own.
    package func report() async -> Result<String, DashboardLook.Busy> {
        await onThread { look throws(DashboardLook.Busy) in try look.report() }
    }

    private func onThread(
        _ body: @escaping @Sendable (DashboardLook) throws(DashboardLook.Busy) -> String
    ) async -> Result<String, DashboardLook.Busy> {
        let look = look
        return await withCheckedContinuation { continuation in
            let hasThread = OwnThread.start("concerto-look") {
                do throws(DashboardLook.Busy) { continuation.resume(returning: .success(try body(look))) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !hasThread { continuation.resume(returning: .failure(DashboardLook.Busy())) }
        }
    }
}
#endif
