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
public final class AsyncReaderWriterLock: WaiterHost {
    struct State: ~Copyable {
        /// How many readers hold the lock; -1 is a writer.
        var holders = 0
        var waiters = WaiterQueue()
    }

    /// How a waiter wants in; kept in its `weight`.
    @usableFromInline
    enum Mode: Int {
        case read = 1
        case write
    }

    private let state = Guarded(State())

    /// Creates a lock that is free.
    public init() {}

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
        if WaitGraph.isActive { return try await holding(.read, fileID, line, body) }
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
        if WaitGraph.isActive { return try await holding(.write, fileID, line, body) }
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
        let site = WaitGraph.Site(fileID: fileID, line: line)
        _ = try await lock(.read, WaitLimit(cancellation: cancellation), site)
    }

    /// Waits until nobody holds the lock or waits before this writer; prefer ``withWriteLock(cancellation:fileID:line:_:)``.
    ///
    /// - Throws: `CancellationError`.
    nonisolated(nonsending)
        public func writeLock(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws
    {
        let site = WaitGraph.Site(fileID: fileID, line: line)
        _ = try await lock(.write, WaitLimit(cancellation: cancellation), site)
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
        let limit = WaitLimit.timeout(timeout, clock: clock, cancellation: cancellation)
        return try await lock(.read, limit, WaitGraph.Site(fileID: fileID, line: line))
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
        let limit = WaitLimit.timeout(timeout, clock: clock, cancellation: cancellation)
        return try await lock(.write, limit, WaitGraph.Site(fileID: fileID, line: line))
    }

    /// Gives a read lock back.
    ///
    /// - Precondition: a reader holds the lock.
    public func readUnlock() {
        unlock { holders in
            demand(holders > 0, "AsyncReaderWriterLock.readUnlock(): no reader holds the lock")
            holders -= 1
        }
    }

    /// Gives the write lock back.
    ///
    /// - Precondition: a writer holds the lock.
    public func writeUnlock() {
        unlock { holders in
            demand(holders == -1, "AsyncReaderWriterLock.writeUnlock(): no writer holds the lock")
            holders = 0
        }
    }

    nonisolated(nonsending)
        private func lock(_ mode: Mode, _ limit: WaitLimit, _ site: WaitGraph.Site) async throws -> Bool
    {
        if isCurrentTaskCancelled() || limit.cancellation.isCancellationRequested { throw CancellationError() }
        if state.withLock({ $0.tryEnter(mode) }) { return true }
        guard WaitGraph.isActive else { return try await sleep(mode, limit) }
        let wait = WaitGraph.Wait(
            resource: ObjectIdentifier(self), kind: mode.kind, isShared: mode == .read, site: site,
            holdings: Flow.current.holdings, isTimed: limit.deadline != nil, since: .now)
        // Whoever waits, waits for a writer, or for all readers: one that is stuck is enough.
        let edge = try WaitGraph.beginWait(wait, total: 1)
        defer { WaitGraph.endWait(edge, hasTotal: true) }
        return try await sleep(mode, limit)
    }

    /// Runs `body` as a known holder.
    @usableFromInline
    nonisolated(nonsending)
        func holding<Success>(
            _ mode: Mode, _ fileID: StaticString, _ line: UInt,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        let holding = WaitGraph.Holding(
            resource: ObjectIdentifier(self), kind: mode.kind, count: 1, isShared: mode == .read,
            site: WaitGraph.Site(fileID: fileID, line: line))
        return try await Flow.holding(holding, body)
    }

    nonisolated(nonsending)
        private func sleep(_ mode: Mode, _ limit: WaitLimit) async throws -> Bool
    {
        let waiter = Waiter(of: self, weight: mode.rawValue)
        return try await waiter.wait(limit) {
            state.withLock { state in
                if waiter.hasLeft { return false }
                return state.tryEnter(mode) ? waiter.settle(.granted) : state.waiters.append(waiter)
            }
        }.isGranted()
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
            // A writer may have kept readers back that can join the readers inside now.
            state.grant(into: &wakes)
        }
        return wakes
    }
}

extension AsyncReaderWriterLock.Mode {
    /// What it is called in diagnostics.
    var kind: StaticString {
        self == .read ? "AsyncReaderWriterLock (to read)" : "AsyncReaderWriterLock (to write)"
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
        }
    }

    private mutating func enter(_ mode: AsyncReaderWriterLock.Mode) -> Bool {
        switch mode {
        case .read:
            guard holders >= 0 else { return false }
            holders += 1
        case .write:
            guard holders == 0 else { return false }
            holders = -1
        }
        return true
    }
}
