public import ConcertoRuntime

/// Mutual exclusion that suspends instead of blocking, and may be held across `await`.
///
/// ```swift
/// let lock = AsyncLock()
/// try await lock.withLock { try await refreshToken() }
/// ```
///
/// Use `Mutex` where the section has no `await`: it is ten times cheaper. The lock is not reentrant: taking it again
/// inside `withLock` waits for itself.
///
/// - Cancellation: a waiting task that is cancelled leaves the queue with `CancellationError` and does not hold the
///   lock; one that was granted at the same moment holds it and goes on.
/// - Where it runs: resumes on the caller's executor; nothing runs inside ``unlock(fileID:line:)``.
/// - Ordering: strict first in, first out.
/// - Allocates: nothing when the lock is free, one object for a wait.
public final class AsyncLock: Sendable {
    @usableFromInline let semaphore: AsyncSemaphore
    #if DEBUG
    private let owner = LockOwner()
    #endif

    /// Creates a lock that is free.
    ///
    /// - Parameters:
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    public convenience init(name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line) {
        let site = WaitGraph.Site(fileID: fileID, line: line)
        self.init(label: WaitGraph.Label(kind: "AsyncLock", name: name, site: site))
    }

    init(label: WaitGraph.Label) {
        semaphore = AsyncSemaphore(permits: 1, maxPermits: 1, label: label)
    }

    /// Whether somebody holds the lock.
    public var isLocked: Bool { semaphore.availablePermits == 0 }

    /// Who waits.
    public var statistics: WaitStatistics { semaphore.statistics }

    /// Takes the lock if it is free and nobody waits.
    ///
    /// - Returns: Whether it took the lock.
    public func tryLock(fileID: StaticString = #fileID, line: UInt = #line) -> Bool {
        guard semaphore.tryAcquire() else { return false }
        noteTaken(fileID, line)
        return true
    }

    /// Waits for the lock and takes it; prefer ``withLock(cancellation:fileID:line:_:)``, which cannot forget to give it back.
    ///
    /// - Throws: `CancellationError`; ``ClosedError``.
    nonisolated(nonsending)
        public func lock(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws
    {
        try await semaphore.acquire(cancellation: cancellation, fileID: fileID, line: line)
        noteTaken(fileID, line)
    }

    /// Waits for the lock, but no longer than `timeout`.
    ///
    /// - Parameters:
    ///   - timeout: How long to wait at most; zero asks once and does not wait.
    ///   - clock: Measures `timeout`.
    ///   - cancellation: Ends the wait, as the cancellation of the task does.
    ///   - fileID: Where it waits, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Returns: Whether it took the lock; `false` after `timeout`.
    /// - Throws: `CancellationError`; ``ClosedError``; ``ArgumentError`` if `timeout` is negative.
    nonisolated(nonsending)
        public func lock(
            timeout: Duration, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none,
            fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> Bool
    {
        let isTaken = try await semaphore.acquire(
            timeout: timeout, clock: clock, cancellation: cancellation, fileID: fileID, line: line)
        if isTaken { noteTaken(fileID, line) }
        return isTaken
    }

    /// Gives the lock back, and to the task that waits first.
    ///
    /// It may be another task than the one that took the lock, so a second `unlock` would give back what somebody else
    /// holds. Debug builds write a line to standard error if it is another one, with both places.
    /// - Parameters:
    ///   - fileID: Where it is given back, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    /// - Precondition: the lock is held.
    public func unlock(fileID: StaticString = #fileID, line: UInt = #line) {
        #if DEBUG
        owner.giveBack(semaphore.label, at: WaitGraph.Site(fileID: fileID, line: line))
        #endif
        do { try semaphore.release() } catch {
            fatalError(
                "AsyncLock.unlock() at \(fileID):\(line): nobody holds the lock; unlock once for each lock(), or use withLock"
            )
        }
    }

    private func noteTaken(_ fileID: StaticString, _ line: UInt) {
        #if DEBUG
        owner.take(at: WaitGraph.Site(fileID: fileID, line: line))
        #endif
    }

    /// Runs `body` while holding the lock and gives it back however `body` ends.
    ///
    /// - Throws: `CancellationError` or ``ClosedError`` instead of running `body`; what `body` throws.
    @inlinable
    nonisolated(nonsending)
        public func withLock<Success>(
            cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        try await semaphore.withPermit(cancellation: cancellation, fileID: fileID, line: line, body)
    }

    /// Ends every wait, now and later, with ``ClosedError``. Whoever holds the lock may still give it back.
    public func close() { semaphore.close() }
}
