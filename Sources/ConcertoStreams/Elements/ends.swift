public import Concerto

extension AsyncSequence {
    /// All elements as an array, unless they are more than `limit`.
    ///
    /// - Parameter limit: How many elements are accepted: a stream without an end would otherwise take all memory.
    /// - Cancellation: is the source's.
    /// - Where it runs: on the caller's executor.
    /// - Throws: ``TooManyElementsError`` with the element after the last that was accepted;
    ///   `ArgumentError` if `limit` is negative; what the source throws.
    @inlinable
    nonisolated(nonsending)
        public func toArray(limit: Int) async throws -> [Element]
    {
        guard limit >= 0 else { throw ArgumentError("limit", limit, "it must not be negative") }
        var array: [Element] = []
        var iterator = makeAsyncIterator()
        while let element = try await iterator.next(isolation: #isolation) {
            guard array.count < limit else { throw TooManyElementsError(limit: limit) }
            array.append(element)
        }
        return array
    }

    /// How many elements there are.
    @inlinable
    nonisolated(nonsending)
        public func count() async throws(Failure) -> Int
    {
        var count = 0
        var iterator = makeAsyncIterator()
        while try await iterator.next(isolation: #isolation) != nil { count += 1 }
        return count
    }

    /// The first element; `nil` if there is none. The source is left then.
    @inlinable
    nonisolated(nonsending)
        public func first() async throws(Failure) -> Element?
    {
        var iterator = makeAsyncIterator()
        return try await iterator.next(isolation: #isolation)
    }

    /// The last element; `nil` if there is none.
    @inlinable
    nonisolated(nonsending)
        public func last() async throws(Failure) -> Element?
    {
        var last: Element?
        var iterator = makeAsyncIterator()
        while let element = try await iterator.next(isolation: #isolation) { last = element }
        return last
    }

    /// Calls `body` for every element, one after the other.
    ///
    /// - Where it runs: on the caller's executor. Nothing is started.
    /// - Throws: what the source or `body` throws.
    @inlinable
    nonisolated(nonsending)
        public func forEach(_ body: nonisolated(nonsending) (Element) async throws -> Void) async throws
    {
        var iterator = makeAsyncIterator()
        while let element = try await iterator.next(isolation: #isolation) { try await body(element) }
    }

    /// Calls `body` for every element, at most `limit` at a time; see
    /// `forEachConcurrently(limit:cancellation:_:)`.
    nonisolated(nonsending)
        public func forEach(limit: Int, _ body: @Sendable (Element) async throws -> Void) async throws
    where Element: Sendable {
        try await forEachConcurrently(limit: limit, body)
    }
}

/// A stream had more elements than were accepted.
public struct TooManyElementsError: Error, Hashable, CustomStringConvertible {
    /// How many were accepted.
    public let limit: Int

    /// Creates an error.
    public init(limit: Int) { self.limit = limit }

    /// What happened and what to do.
    public var description: String {
        "the stream has more than \(limit) elements, the limit of toArray(limit:): read it in a loop, or raise the limit"
    }
}
