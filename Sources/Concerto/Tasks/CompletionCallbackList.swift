/// The callbacks of a task that has not ended, in the order of registration.
///
/// Lives under the lock of its task. Ids ascend, so a callback is found by bisection; one that is taken back leaves a gap,
/// and the gaps are closed when they are the majority. So a task on which thousands wait through `whenAny` costs each of
/// them O(log n), and the list is never longer than twice what waits.
struct CompletionCallbackList<Success: Sendable>: ~Copyable {
    typealias Action = @Sendable (TaskHandle<Success>) -> Void
    typealias Callback = (mode: ContinuationMode, action: Action)

    private var entries: [(id: UInt64, callback: Callback?)] = []
    private var gaps = 0
    private var lastID: UInt64 = 0

    /// Adds a callback; its id is never 0.
    mutating func append(_ mode: ContinuationMode, _ action: @escaping Action) -> UInt64 {
        lastID += 1
        entries.append((lastID, (mode, action)))
        return lastID
    }

    /// Takes a callback out, to be released outside the lock; `nil` if it has left before.
    mutating func remove(_ id: UInt64) -> Action? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].id == id, let callback = entries[low].callback else { return nil }
        entries[low].callback = nil
        gaps += 1
        if gaps * 2 > entries.count {
            entries.removeAll { $0.callback == nil }
            gaps = 0
        }
        return callback.action
    }

    /// Takes all callbacks out.
    mutating func removeAll() -> [Callback] {
        if entries.isEmpty { return [] }
        defer {
            entries = []
            gaps = 0
        }
        return entries.compactMap(\.callback)
    }
}
