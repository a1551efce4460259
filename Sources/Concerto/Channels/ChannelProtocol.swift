/// A queue between tasks, with back-pressure or without: ``BoundedChannel``, ``UnboundedChannel``,
/// ``PrioritizedChannel``.
///
/// As an `AsyncSequence` it yields what readers get, ends when the channel is complete and drained, and throws the error
/// it was completed with. Several tasks may read and write at the same time; every item goes to one reader.
public protocol ChannelProtocol<Element>: AnyObject, AsyncSequence, Sendable
where Element: Sendable, AsyncIterator == ChannelIterator<Element> {
    /// The implementation that all channels share.
    var core: ChannelCore<Element> { get }
}

extension ChannelProtocol {
    /// How many items are in the channel.
    public var count: Int { core.count }

    /// Who waits to read or to write.
    public var statistics: WaitStatistics { core.statistics }

    /// Ends when the channel has been completed and every item has been read; fails with the error it was completed
    /// with. Always the same task.
    public var completion: TaskHandle<Void> { core.completion }

    /// Writes `item` if there is room, or if the channel makes room by dropping.
    ///
    /// - Returns: Whether the channel took it; `false` too if it has been completed.
    @inlinable
    public func tryWrite(_ item: Element) -> Bool { core.tryWrite(item) }

    /// Writes `item`, waiting for room.
    ///
    /// - Cancellation: of the task or the token ends the wait; the item is then never delivered. A task or token that
    ///   is cancelled already writes nothing, even if there is room.
    /// - Where it runs: resumes on the caller's executor; no reader runs inside.
    /// - Ordering: waiting writers are served in the order in which they came.
    /// - Allocates: nothing if there is room, one object for a wait.
    /// - Throws: ``ChannelClosedError`` if the channel is or gets completed; `CancellationError`.
    @inlinable
    nonisolated(nonsending)
        public func write(_ item: Element, cancellation: CancellationToken = .none) async throws
    {
        try await core.write(item, cancellation)
    }

    /// Reads the next item, if there is one.
    @inlinable
    public func tryRead() -> Element? { core.tryRead() }

    /// Reads the next item, waiting for it.
    ///
    /// - Cancellation: of the task or the token ends the wait and takes nothing; one that was given an item at the same
    ///   moment returns it. A task or token that is cancelled already takes nothing, even if an item is there.
    /// - Where it runs: resumes on the caller's executor; no writer runs inside.
    /// - Ordering: items first in, first out; waiting readers are served in the order in which they came.
    /// - Allocates: nothing if an item is there, one object for a wait.
    /// - Throws: ``ChannelClosedError`` once the channel is completed and drained; `CancellationError`.
    @inlinable
    nonisolated(nonsending)
        public func read(cancellation: CancellationToken = .none) async throws -> Element
    {
        guard let item = try await core.readOrEnd(cancellation) else { throw core.closedError }
        return item
    }

    /// The next item, without taking it.
    @inlinable
    public func peek() -> Element? { core.peek() }

    /// Waits until there is something to read.
    ///
    /// Another reader may be faster, so `tryRead` may still find nothing: loop.
    /// - Allocates: nothing if there is something, one object for a wait.
    /// - Returns: `false` once the channel is completed and drained.
    /// - Throws: the error it was completed with; `CancellationError`.
    nonisolated(nonsending)
        public func waitToRead(cancellation: CancellationToken = .none) async throws -> Bool
    {
        try await core.waitToRead(cancellation)
    }

    /// Waits until there is room to write; another writer may be faster.
    ///
    /// - Allocates: nothing if there is room, one object for a wait.
    /// - Returns: `false` once the channel is completed.
    /// - Throws: the error it was completed with; `CancellationError`; ``ArgumentError`` if the channel is a rendezvous,
    ///   which has no room: two sides that only ask would wait for each other for ever. Use ``write(_:cancellation:)``
    ///   or `select`.
    nonisolated(nonsending)
        public func waitToWrite(cancellation: CancellationToken = .none) async throws -> Bool
    {
        try await core.waitToWrite(cancellation)
    }

    /// Says that nothing more will be written. What is in the channel can still be read; waiting writers fail.
    ///
    /// - Parameter error: What the readers get once the channel is drained; `nil` ends it normally.
    /// - Throws: ``ChannelClosedError`` if the channel has been completed before.
    public func complete(_ error: (any Error)? = nil) throws {
        guard tryComplete(error) else { throw core.closedError }
    }

    /// Says that nothing more will be written, unless somebody has said so before.
    ///
    /// - Returns: Whether this call is the one that completed the channel.
    @discardableResult
    public func tryComplete(_ error: (any Error)? = nil) -> Bool { core.tryComplete(error) }

    /// Reads until the channel is completed and drained.
    @inlinable
    public func makeAsyncIterator() -> ChannelIterator<Element> { ChannelIterator(core) }
}

/// Reads a channel as an asynchronous sequence.
public struct ChannelIterator<Element: Sendable>: AsyncIteratorProtocol {
    @usableFromInline let core: ChannelCore<Element>

    @inlinable
    init(_ core: ChannelCore<Element>) { self.core = core }

    /// The next item; `nil` once the channel is completed and drained.
    ///
    /// - Throws: the error it was completed with; `CancellationError`.
    @inlinable
    public mutating func next() async throws -> Element? { try await next(isolation: nil) }

    /// The next item; `nil` once the channel is completed and drained.
    @inlinable
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
        guard let item = try await core.readOrEnd(.none) else {
            try core.throwIfFailed()
            return nil
        }
        return item
    }
}

/// A channel that has been completed cannot be written to, and cannot be read once it is drained.
public struct ChannelClosedError: Error, CustomStringConvertible {
    /// What the channel was completed with, if it was an error.
    public let underlyingError: (any Error)?

    /// Creates an error.
    public init(underlyingError: (any Error)? = nil) {
        self.underlyingError = underlyingError
    }

    /// What happened and what to do.
    public var description: String {
        "the channel has been completed" + (underlyingError.map { " with the error \($0)" } ?? "")
            + ": nothing more is written to it or comes out of it; complete it once, after the last write"
    }
}
