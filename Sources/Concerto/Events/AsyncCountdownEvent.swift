import ConcertoRuntime
import Synchronization

/// Opens when it has been signalled as often as it was told to expect.
///
/// - Cancellation: of the task or the token ends a wait with `CancellationError` and takes nothing back; an event that
///   has opened wins.
/// - Where it runs: waiters resume on their own executor, never inside ``signal(_:)``.
/// - Ordering: waiters become runnable in the order in which they came.
/// - Allocates: nothing if it is open, one object for a wait.
public final class AsyncCountdownEvent: Sendable {
    private let remaining: Guarded<Int>
    private let event: AsyncManualResetEvent

    /// Creates an event that opens after `count` signals; at once if that is 0.
    ///
    /// - Parameters:
    ///   - count: How many signals are missing.
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Precondition: `count >= 0`.
    public init(count: Int, name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line) {
        demand(count >= 0, "AsyncCountdownEvent needs a count >= 0, not \(count)")
        remaining = Guarded(count)
        let site = WaitGraph.Site(fileID: fileID, line: line)
        event = AsyncManualResetEvent(
            isSet: count == 0, label: WaitGraph.Label(kind: "AsyncCountdownEvent", name: name, site: site))
    }

    /// How many signals are missing.
    public var count: Int { remaining.withLock { $0 } }

    /// Whether it has opened.
    public var isSet: Bool { event.isSet }

    /// Who waits.
    public var statistics: WaitStatistics { event.statistics }

    /// Signals `count` times; the last expected signal opens the event, for good.
    ///
    /// - Returns: Whether this signal opened it.
    /// - Throws: ``ArgumentError``, and nothing changes, if fewer are missing, or `count` is below 1.
    @discardableResult
    public func signal(_ count: Int = 1) throws(ArgumentError) -> Bool {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        let left = remaining.withLock { remaining -> Int? in
            guard remaining >= count else { return nil }
            remaining -= count
            return remaining
        }
        guard let left else { throw ArgumentError("count", count, "fewer signals are missing") }
        // Once zero it can never be added to, so nobody can close the event again between the two steps.
        if left == 0 { event.set() }
        return left == 0
    }

    /// Expects `count` more signals.
    ///
    /// - Throws: ``ArgumentError``, and nothing changes, if the event has opened, or `count` is below 1.
    public func add(_ count: Int = 1) throws(ArgumentError) {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        let added = remaining.withLock { remaining in
            guard remaining > 0, remaining <= Int.max - count else { return false }
            remaining += count
            return true
        }
        guard added else { throw ArgumentError("count", count, "the event has opened or would overflow") }
    }

    /// Waits until all signals have come.
    ///
    /// - Throws: `CancellationError`.
    nonisolated(nonsending)
        public func wait(cancellation: CancellationToken = .none) async throws
    {
        try await event.wait(cancellation: cancellation)
    }
}
