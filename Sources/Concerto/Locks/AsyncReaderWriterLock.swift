public import ConcertoRuntime
import Synchronization

/// Many readers or one writer, suspending instead of blocking.
///
/// - Cancellation: a waiting task that is cancelled leaves the queue with `CancellationError` and holds nothing; one
///   that was granted at the same moment holds the lock and goes on. A cancelled writer lets the readers in that only
///   waited behind it.
/// - Where it runs: resumes on the caller's executor; nothing runs inside an unlock.
/// - Ordering: strict first in, first out between readers and writers: a reader that comes after a waiting writer waits
///   behind it, so nobody starves. Readers that are next to each other in the queue go in together.
/// - Allocates: nothing when the lock is free, one object for a wait.
public final class AsyncReaderWriterLock: WaiterHost, OwnedResource {
    struct State: ~Copyable {
        /// How many readers hold the lock; -1 is a writer.
        var holders = 0
        var waiters = WaiterQueue()
        /// How many writers are in the queue that will leave it by themselves.
        var timedWriters = 0
    }

    /// How a waiter wants in; kept in its `weight`.
    enum Mode: Int {
        case read = 1
        case write
        /// As `write`, with a deadline.
        case timedWrite
    }

    private let state = Guarded(State())
    let label: WaitGraph.Label

    /// Creates a lock that is free.
    ///
    /// - Parameters:
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    public init(name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line) {
        label = WaitGraph.Label(
            kind: "AsyncReaderWriterLock", name: name, site: WaitGraph.Site(fileID: fileID, line: line))
    }

    /// How many readers hold it.
    public var readers: Int { state.withLock { max(0, $0.holders) } }

    /// Whether a writer holds it.
    public var isWriteLocked: Bool { state.withLock { $0.holders < 0 } }

    /// Who waits.
    public var statistics: WaitStatistics { state.withLock { $0.waiters.statistics } }

    /// Runs `body` together with other readers.
    ///
    /// - Throws: `CancellationError` instead of running `body`; what `body` throws.
    @inlinable
    nonisolated(nonsending)
        public func withReadLock<Success>(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await readLock(cancellation: cancellation, fileID: fileID, line: line)
        defer { readUnlock() }
        if WaitGraph.isActive { return try await holding(fileID, line, body) }
        return try await body()
    }

    /// Runs `body` alone.
    ///
    /// - Throws: `CancellationError` instead of running `body`; what `body` throws.
    @inlinable
    nonisolated(nonsending)
        public func withWriteLock<Success>(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await writeLock(cancellation: cancellation, fileID: fileID, line: line)
        defer { writeUnlock() }
        if WaitGraph.isActive { return try await holding(fileID, line, body) }
        return try await body()
    }

    /// Waits until no writer holds the lock or waits before this reader; prefer ``withReadLock(cancellation:fileID:line:_:)``.
    ///
    /// - Throws: `CancellationError`.
    nonisolated(nonsending)
        public func readLock(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws
    {
        _ = try await lock(.read, WaitLimit(cancellation: cancellation), fileID, line)
    }

    /// Waits until nobody holds the lock or waits before this writer; prefer ``withWriteLock(cancellation:fileID:line:_:)``.
    ///
    /// - Throws: `CancellationError`.
    nonisolated(nonsending)
        public func writeLock(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws
    {
        _ = try await lock(.write, WaitLimit(cancellation: cancellation), fileID, line)
    }

    /// Waits to read, but no longer than `timeout`.
    ///
    /// - Returns: Whether it holds the lock; `false` after `timeout`.
    /// - Throws: `CancellationError`; ``ArgumentError`` if `timeout` is negative.
    nonisolated(nonsending)
        public func readLock(
            timeout: Duration, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none,
            fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> Bool
    {
        if timeout < .zero { throw ArgumentError("timeout", timeout, "it must not be negative") }
        return try await lock(
            .read, .timeout(timeout, clock: clock, cancellation: cancellation), fileID, line)
    }

    /// Waits to write, but no longer than `timeout`.
    ///
    /// - Returns: Whether it holds the lock; `false` after `timeout`.
    /// - Throws: `CancellationError`; ``ArgumentError`` if `timeout` is negative.
    nonisolated(nonsending)
        public func writeLock(
            timeout: Duration, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none,
            fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> Bool
    {
        if timeout < .zero { throw ArgumentError("timeout", timeout, "it must not be negative") }
        return try await lock(
            .timedWrite, .timeout(timeout, clock: clock, cancellation: cancellation), fileID, line)
    }

    /// Gives a read lock back.
    ///
    /// - Precondition: a reader holds the lock.
    public func readUnlock() {
        unlock { holders in
            demand(holders > 0, "AsyncReaderWriterLock.readUnlock(): no reader holds the lock; use withReadLock")
            holders -= 1
        }
    }

    /// Gives the write lock back.
    ///
    /// - Precondition: a writer holds the lock.
    public func writeUnlock() {
        unlock { holders in
            demand(holders == -1, "AsyncReaderWriterLock.writeUnlock(): no writer holds the lock; use withWriteLock")
            holders = 0
        }
    }

    nonisolated(nonsending)
        private func lock(
            _ mode: Mode, _ limit: WaitLimit, _ fileID: StaticString, _ line: UInt
        ) async throws -> Bool
    {
        if isCurrentTaskCancelled() || limit.cancellation.isCancellationRequested { throw CancellationError() }
        if state.withLock({ $0.tryEnter(mode) }) { return true }
        if WaitGraph.isActive {
            return try await lockInGraph(mode, limit, WaitGraph.Site(fileID: fileID, line: line))
        }
        let waiter = Waiter(of: self, weight: mode.rawValue)
        return try await waiter.wait(limit) {
            state.withLock { state in
                if waiter.hasLeft { return false }
                return state.tryEnter(mode) ? waiter.settle(.granted) : state.append(waiter)
            }
        }.isGranted()
    }

    nonisolated(nonsending)
        private func lockInGraph(_ mode: Mode, _ limit: WaitLimit, _ site: WaitGraph.Site) async throws -> Bool
    {
        let flow = Flow.current
        let waiter = ReaderWriterWaiter(of: self, weight: mode.rawValue)
        return try await waiter.wait(limit) {
            state.withLock { state in
                if waiter.hasLeft { return false }
                if state.tryEnter(mode) { return waiter.settle(.granted) }
                // A reader gets in as soon as a writer before it gives up.
                let mayEnd = limit.deadline != nil || (mode == .read && state.timedWriters > 0)
                let wait = WaitGraph.Wait(
                    resource: ObjectIdentifier(self), label: label, party: flow.owner, site: site,
                    holdings: flow.holdings, isTimed: mayEnd, since: .now)
                do { waiter.edge = try WaitGraph.beginWait(wait, total: nil) } catch {
                    waiter.error = error
                    return waiter.settle(.failed)
                }
                return state.append(waiter)
            }
        }.isGranted(waiter)
    }

    /// Runs `body` as a known owner.
    @usableFromInline
    nonisolated(nonsending)
        func holding<Success>(
            _ fileID: StaticString, _ line: UInt, _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await Flow.holding(self, label, since: WaitGraph.Site(fileID: fileID, line: line), body)
    }

    private func unlock(_ leave: (inout Int) -> Void) {
        var wakes = WakeList()
        state.withLock { state in
            leave(&state.holders)
            state.grant(into: &wakes)
        }
        wakes.resume()
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { state in
            guard state.waiters.withdraw(waiter, as: outcome, into: &wakes) else { return }
            state.hasLeft(waiter)
            // A writer may have kept readers back that can join the readers inside now.
            state.grant(into: &wakes)
        }
        return wakes
    }
}

extension AsyncReaderWriterLock.State {
    mutating func tryEnter(_ mode: AsyncReaderWriterLock.Mode) -> Bool {
        waiters.isEmpty && enter(mode)
    }

    mutating func grant(into wakes: inout WakeList) {
        while let waiter = waiters.first,
            enter(AsyncReaderWriterLock.Mode(rawValue: waiter.weight).unsafelyUnwrapped)
        {
            waiters.grant(waiter, into: &wakes)
            hasLeft(waiter)
        }
    }

    mutating func append(_ waiter: Waiter) -> Bool {
        if waiter.weight == AsyncReaderWriterLock.Mode.timedWrite.rawValue { timedWriters += 1 }
        return waiters.append(waiter)
    }

    mutating func hasLeft(_ waiter: Waiter) {
        if waiter.weight == AsyncReaderWriterLock.Mode.timedWrite.rawValue { timedWriters -= 1 }
        if WaitGraph.isActive, let edge = (waiter as? ReaderWriterWaiter)?.edge {
            WaitGraph.endWait(edge, hasTotal: false)
        }
    }

    private mutating func enter(_ mode: AsyncReaderWriterLock.Mode) -> Bool {
        switch mode {
        case .read:
            guard holders >= 0 else { return false }
            holders += 1
        case .write, .timedWrite:
            guard holders == 0 else { return false }
            holders = -1
        }
        return true
    }
}

/// A waiter with its edge in the wait graph.
///
/// **Invariant.** The edge is there exactly while the waiter is in the queue; both change under the lock of the
/// ``AsyncReaderWriterLock``. So whoever is known to hold has to leave before whoever is known to wait gets in: those who
/// could go in together do not wait for each other. An edge that outlived its place in the queue would invent cycles.
private final class ReaderWriterWaiter: Waiter, @unchecked Sendable {  // protected as its superclass says
    var edge: UInt64?
}
