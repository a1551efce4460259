public import ConcertoRuntime
import Synchronization

/// A signal that lets exactly one waiter through and is then gone; one that nobody waits for is remembered, once.
///
/// - Cancellation: a waiting task that is cancelled leaves the signal to others; one that was given the signal at the
///   same moment keeps it and goes on. A task or token that is cancelled already takes nothing, even if the event is
///   set.
/// - Where it runs: waiters resume on their own executor, never inside ``set()``.
/// - Ordering: strict first in, first out.
/// - Allocates: nothing if it is set, one object for a wait.
public final class AsyncAutoResetEvent: Sendable {
    private let semaphore: AsyncSemaphore

    /// Creates an event.
    ///
    /// - Parameters:
    ///   - isSet: Whether the first waiter goes through at once.
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    public init(isSet: Bool = false, name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line) {
        let site = WaitGraph.Site(fileID: fileID, line: line)
        semaphore = AsyncSemaphore(
            permits: isSet ? 1 : 0, maxPermits: 1,
            label: WaitGraph.Label(kind: "AsyncAutoResetEvent", name: name, site: site))
    }

    /// Whether a signal is remembered.
    public var isSet: Bool { semaphore.availablePermits == 1 }

    /// Who waits.
    public var statistics: WaitStatistics { semaphore.statistics }

    /// Lets the first waiter through, or the next one to come; several signals that nobody waits for are one.
    public func set() {
        // A full semaphore is a signal that is remembered already.
        _ = try? semaphore.release()
    }

    /// Forgets a remembered signal.
    public func reset() { _ = semaphore.tryAcquire() }

    /// Waits for a signal and takes it.
    ///
    /// - Throws: `CancellationError`.
    nonisolated(nonsending)
        public func wait(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws
    {
        try await semaphore.acquire(cancellation: cancellation, fileID: fileID, line: line)
    }

    /// Waits for a signal, but no longer than `timeout`.
    ///
    /// - Returns: Whether it took a signal; `false` after `timeout`.
    /// - Throws: `CancellationError`; ``ArgumentError`` if `timeout` is negative.
    nonisolated(nonsending)
        public func wait(
            timeout: Duration, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none,
            fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> Bool
    {
        try await semaphore.acquire(
            timeout: timeout, clock: clock, cancellation: cancellation, fileID: fileID, line: line)
    }
}
