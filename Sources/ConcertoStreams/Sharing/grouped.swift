public import Concerto

/// The elements of a stream that have one key; handed out by `grouped(by:limit:buffer:whenFull:)`.
public struct StreamGroup<Key: Hashable & Sendable, Element: Sendable>: AsyncSequence, Sendable {
    /// What the source throws, ``BufferOverflowError``, or `CancellationError`, also when the loop over the groups is left.
    public typealias Failure = any Error

    /// What its elements have in common.
    public let key: Key

    let channel: BoundedChannel<Element>

    /// Yields the elements. A group has one reader: two share its elements.
    public func makeAsyncIterator() -> ChannelIterator<Element> { channel.makeAsyncIterator() }
}

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// A stream for each key, as its first element comes.
    ///
    /// ```swift
    /// for try await group in try events.grouped(by: \.user, limit: 1_000, buffer: 64, whenFull: .dropOldest) {
    ///     tasks.addTask { for try await event in group { … } }
    /// }
    /// ```
    ///
    /// The source is read while the loop over the groups asks for the next one: read the groups in other tasks. At most
    /// `limit` groups are open. Where one more is needed, the one that has had no element for longest ends; a key that comes
    /// again gets a new group.
    ///
    /// - Cancellation: of the loop over the groups, or leaving it, ends the source and, with `CancellationError`, the groups.
    /// - Where it runs: as a generator's body, in the loop over the groups.
    /// - Ordering: of the source, in each group.
    /// - Allocates: a channel for a group.
    /// - Parameters:
    ///   - key: What elements have in common.
    ///   - limit: How many groups are open at most.
    ///   - buffer: How many elements wait in a group at most.
    ///   - whenFull: What a full group does with one more. `.wait` holds up all groups until somebody reads that one; `.fail` ends
    ///     it with ``BufferOverflowError``, and its key's later elements are dropped until it makes room for another.
    /// - Throws: `ArgumentError` if `limit` or `buffer` is below 1; while it is read what the source throws, the groups too.
    public func grouped<Key: Hashable & Sendable>(
        by key: @escaping @Sendable (Element) -> Key, limit: Int, buffer: Int, whenFull: BufferFullMode
    ) throws(ArgumentError) -> AsyncGenerator<StreamGroup<Key, Element>> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        guard buffer >= 1 else { throw ArgumentError("buffer", buffer, "it must be at least 1") }
        return AsyncGenerator { [self] yield in
            var groups = OpenGroups<Key, Element>(limit: limit, buffer: buffer, fullMode: whenFull)
            do {
                for try await element in self {
                    let (group, isNew) = groups.group(of: key(element))
                    // A new group has room.
                    if !group.channel.tryWrite(element) {
                        if whenFull == .wait {
                            try await group.channel.write(element)
                        } else {
                            group.channel.tryComplete(BufferOverflowError(capacity: buffer))
                        }
                    }
                    if isNew { try await yield(group) }
                }
            } catch {
                groups.end(error)
                throw error
            }
            groups.end(nil)
        }
    }
}

/// The groups of one iteration that have not ended, by when they had their last element.
private struct OpenGroups<Key: Hashable & Sendable, Element: Sendable> {
    private let limit: Int
    private let buffer: Int
    private let mode: ChannelFullMode
    private var groups: [Key: (group: StreamGroup<Key, Element>, last: Int)] = [:]
    private var count = 0

    init(limit: Int, buffer: Int, fullMode: BufferFullMode) {
        self.limit = limit
        self.buffer = buffer
        mode =
            switch fullMode {
            case .wait, .fail: .wait
            case .dropOldest: .dropOldest
            case .dropNewest: .dropNewest
            case .dropWrite: .dropWrite
            }
    }

    /// The group of `key`, and whether it is new.
    mutating func group(of key: Key) -> (StreamGroup<Key, Element>, isNew: Bool) {
        count += 1
        if let group = groups[key]?.group {
            groups[key]?.last = count
            return (group, false)
        }
        if groups.count >= limit, let (oldest, entry) = groups.min(by: { $0.value.last < $1.value.last }) {
            entry.group.channel.tryComplete()
            groups[oldest] = nil
        }
        let group = StreamGroup(key: key, channel: BoundedChannel<Element>(capacity: buffer, fullMode: mode))
        groups[key] = (group, count)
        return (group, true)
    }

    /// Ends all; what they hold is still read.
    func end(_ error: (any Error)?) {
        for (group, _) in groups.values { group.channel.tryComplete(error) }
    }
}
