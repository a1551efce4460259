import ConcertoRuntime
import Synchronization

/// A meeting point: everybody waits until all participants are there, then all go on, and the next phase begins.
///
/// - Cancellation: a wait that is cancelled throws, but its arrival stays counted, so that the others are not held up;
///   a task or token that is cancelled already throws before it arrives.
/// - Where it runs: participants resume on their own executor; the last one does not suspend.
/// - Ordering: participants become runnable in the order in which they came.
/// - Allocates: one object for each participant that waits; the last waits for nobody.
public final class AsyncBarrier: WaiterHost, LabelledResource {
    struct State: ~Copyable {
        var arrived = 0
        var phase: UInt64 = 0
        var waiters = WaiterQueue()
    }

    private let state = Guarded(State())
    let label: WaitGraph.Label
    /// How many have to arrive.
    public let participants: Int

    /// Creates a barrier.
    ///
    /// - Parameters:
    ///   - participants: How many have to arrive.
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Precondition: `participants >= 1`.
    public init(participants: Int, name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line) {
        demand(participants >= 1, "AsyncBarrier needs participants >= 1, not \(participants)")
        let site = WaitGraph.Site(fileID: fileID, line: line)
        label = WaitGraph.Label(kind: "AsyncBarrier", name: name, site: site)
        self.participants = participants
    }

    /// How many have arrived in this phase.
    public var arrived: Int { state.withLock { $0.arrived } }

    /// The number of the phase, from 0.
    public var phase: UInt64 { state.withLock { $0.phase } }

    /// Who waits.
    public var statistics: WaitStatistics { state.withLock { $0.waiters.statistics } }

    /// Arrives, and waits until all have.
    ///
    /// - Returns: The number of the phase that this completed.
    /// - Throws: `CancellationError`.
    @discardableResult
    nonisolated(nonsending)
        public func signalAndWait(cancellation: CancellationToken = .none) async throws -> UInt64
    {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        // The last to arrive waits for nobody.
        var wakes = WakeList()
        if let phase = state.withLock({ $0.arriveLast(of: participants, into: &wakes) }) {
            wakes.resume()
            return phase
        }
        let waiter = Waiter(of: self)
        var phase: UInt64 = 0
        let outcome = await waiter.wait(WaitLimit(cancellation: cancellation)) {
            var wakes = WakeList()
            let sleeps = state.withLock { state in
                phase = state.phase
                if state.arriveLast(of: participants, into: &wakes) != nil { return waiter.settle(.granted) }
                state.arrived += 1
                return state.waiters.append(waiter)
            }
            wakes.resume()
            return sleeps
        }
        _ = try outcome.isGranted()
        return phase
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}

extension AsyncBarrier.State {
    /// Completes the phase if only one arrival is missing.
    ///
    /// - Returns: The number of the phase that this completed.
    mutating func arriveLast(of participants: Int, into wakes: inout WakeList) -> UInt64? {
        guard arrived + 1 == participants else { return nil }
        defer { phase += 1 }
        arrived = 0
        waiters.grantAll(into: &wakes)
        return phase
    }
}
