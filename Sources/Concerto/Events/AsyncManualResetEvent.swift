public import ConcertoRuntime
import Synchronization

/// A gate that is open or closed: while it is open nobody waits, when it opens everybody goes on.
///
/// - Cancellation: of the task or the token ends the wait with `CancellationError`. An event that is set wins over a
///   cancellation, because nothing is taken.
/// - Where it runs: waiters resume on their own executor, never inside ``set()``.
/// - Ordering: waiters become runnable in the order in which they came.
/// - Allocates: nothing if it is set, one object for a wait.
public final class AsyncManualResetEvent: WaiterHost, LabelledResource {
    struct State: ~Copyable {
        var isSet: Bool
        var waiters = WaiterQueue()
    }

    private let state: Guarded<State>
    let label: WaitGraph.Label

    /// Creates an event.
    ///
    /// - Parameters:
    ///   - isSet: Whether the gate is open.
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    public convenience init(
        isSet: Bool = false, name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line
    ) {
        let site = WaitGraph.Site(fileID: fileID, line: line)
        self.init(isSet: isSet, label: WaitGraph.Label(kind: "AsyncManualResetEvent", name: name, site: site))
    }

    init(isSet: Bool, label: WaitGraph.Label) {
        self.label = label
        state = Guarded(State(isSet: isSet))
    }

    /// Whether the gate is open.
    public var isSet: Bool { state.withLock { $0.isSet } }

    /// Who waits.
    public var statistics: WaitStatistics { state.withLock { $0.waiters.statistics } }

    /// Opens the gate and lets everybody who waits through.
    public func set() {
        var wakes = WakeList()
        state.withLock { state in
            state.isSet = true
            state.waiters.grantAll(into: &wakes)
        }
        wakes.resume()
    }

    /// Closes the gate. Whoever was let through stays through.
    public func reset() { state.withLock { $0.isSet = false } }

    /// Waits until the gate is open.
    ///
    /// - Throws: `CancellationError`.
    nonisolated(nonsending)
        public func wait(cancellation: CancellationToken = .none) async throws
    {
        _ = try await wait(WaitLimit(cancellation: cancellation))
    }

    /// Waits until the gate is open, but no longer than `timeout`.
    ///
    /// - Returns: Whether the gate was open; `false` after `timeout`.
    /// - Throws: `CancellationError`; ``ArgumentError`` if `timeout` is negative.
    nonisolated(nonsending)
        public func wait(
            timeout: Duration, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none
        ) async throws -> Bool
    {
        if timeout < .zero { throw ArgumentError("timeout", timeout, "it must not be negative") }
        return try await wait(.timeout(timeout, clock: clock, cancellation: cancellation))
    }

    nonisolated(nonsending)
        private func wait(_ limit: WaitLimit) async throws -> Bool
    {
        if isSet { return true }
        if isCurrentTaskCancelled() || limit.cancellation.isCancellationRequested { throw CancellationError() }
        let waiter = Waiter(of: self)
        let outcome = await waiter.wait(limit) {
            state.withLock { $0.isSet ? waiter.settle(.granted) : $0.waiters.append(waiter) }
        }
        return try outcome.isGranted()
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}

extension Waiter.Outcome {
    /// Whether the wait got what it asked for, `false` after a timeout; throws if it was cancelled or failed.
    @usableFromInline
    package func isGranted(_ waiter: Waiter? = nil) throws -> Bool {
        switch self {
        case .granted: return true
        case .timedOut: return false
        case .cancelled: throw CancellationError()
        case .failed: throw waiter?.error ?? CancellationError()
        }
    }
}
