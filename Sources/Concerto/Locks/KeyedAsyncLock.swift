import ConcertoRuntime

/// A lock for each key: one order at a time for each customer, different customers at the same time.
///
/// A key costs memory only while somebody holds it or waits for it.
///
/// - Cancellation, where it runs, ordering: as ``AsyncLock``, for each key.
/// - Allocates: a lock for each key in use, and a box for a key of more than three words; one object for a wait.
public final class KeyedAsyncLock<Key: Hashable & Sendable>: Sendable {
    private struct Entry {
        let lock: AsyncLock
        /// Holders and waiters.
        var users = 0
    }

    private let entries = Guarded<[Key: Entry]>([:])

    private let label: WaitGraph.Label

    /// Creates a lock for which no key is in use.
    ///
    /// - Parameters:
    ///   - name: What diagnostics call it; without one they say where it was created.
    ///   - fileID: Where it was created, for diagnostics; leave it alone.
    ///   - line: As `fileID`.
    public init(name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line) {
        label = WaitGraph.Label(
            kind: "KeyedAsyncLock", name: name, site: WaitGraph.Site(fileID: fileID, line: line))
    }

    /// How many keys somebody holds or waits for.
    public var keysInUse: Int { entries.withLock { $0.count } }

    /// Whether somebody holds `key`.
    public func isLocked(_ key: Key) -> Bool { entries.withLock { $0[key]?.lock.isLocked ?? false } }

    /// Who waits for `key`.
    public func statistics(_ key: Key) -> WaitStatistics {
        entries.withLock { $0[key]?.lock.statistics } ?? WaitStatistics(waiters: 0, waits: 0, longestWait: .zero)
    }

    /// Runs `body` while holding `key` and gives it back however `body` ends.
    ///
    /// - Throws: `CancellationError` instead of running `body`; what `body` throws.
    nonisolated(nonsending)
        public func withLock<Success>(
            _ key: Key, cancellation: CancellationToken = .none, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) () async throws -> Success
        ) async throws -> Success
    {
        let lock = entries.withLock { entries in
            entries[key, default: Entry(lock: makeLock(key))].users += 1
            return entries[key].unsafelyUnwrapped.lock
        }
        defer { leave(key) }
        return try await lock.withLock(cancellation: cancellation, fileID: fileID, line: line, body)
    }

    private func makeLock(_ key: Key) -> AsyncLock {
        var label = label
        label.key = key
        return AsyncLock(label: label)
    }

    private func leave(_ key: Key) {
        entries.withLock { entries in
            guard let users = entries[key]?.users else { return }
            if users == 1 { entries[key] = nil } else { entries[key]?.users = users - 1 }
        }
    }
}
