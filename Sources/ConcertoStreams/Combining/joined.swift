public import Concerto

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Each element with each of `other` that has the same key, in this stream's order and within it in that of `other`.
    ///
    /// `other` is read to its end first: let it be the smaller one. What .NET calls `Join`.
    /// - Cancellation: is the sources'.
    /// - Where it runs: as a generator's body.
    /// - Allocates: a table of `other`, `limit` elements at most.
    /// - Parameters:
    ///   - other: What is looked up.
    ///   - key: The key of an element of this stream.
    ///   - otherKey: The key of an element of `other`.
    ///   - limit: How many elements `other` may have.
    /// - Throws: `ArgumentError` if `limit` is negative; while it is read ``TooManyElementsError`` and what the sources throw.
    public func joined<Other: AsyncSequence & Sendable, Key: Hashable & SendableMetatype>(
        with other: Other, by key: @escaping @Sendable (Element) -> Key,
        equals otherKey: @escaping @Sendable (Other.Element) -> Key, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<(Element, Other.Element)> where Other.Element: Sendable {
        let groups = try groupJoined(with: other, by: key, equals: otherKey, limit: limit)
        return AsyncGenerator { yield in
            for try await (element, others) in groups {
                for other in others { try await yield((element, other)) }
            }
        }
    }

    /// Each element with each of `other` that has the same key, or with `nil` if none has; see
    /// ``joined(with:by:equals:limit:)``. What .NET calls `LeftJoin`.
    public func leftJoined<Other: AsyncSequence & Sendable, Key: Hashable & SendableMetatype>(
        with other: Other, by key: @escaping @Sendable (Element) -> Key,
        equals otherKey: @escaping @Sendable (Other.Element) -> Key, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<(Element, Other.Element?)> where Other.Element: Sendable {
        let groups = try groupJoined(with: other, by: key, equals: otherKey, limit: limit)
        return AsyncGenerator { yield in
            for try await (element, others) in groups {
                if others.isEmpty { try await yield((element, nil)) }
                for other in others { try await yield((element, other)) }
            }
        }
    }

    /// Each element with all of `other` that have the same key; see ``joined(with:by:equals:limit:)``. What .NET calls
    /// `GroupJoin`.
    public func groupJoined<Other: AsyncSequence & Sendable, Key: Hashable & SendableMetatype>(
        with other: Other, by key: @escaping @Sendable (Element) -> Key,
        equals otherKey: @escaping @Sendable (Other.Element) -> Key, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<(Element, [Other.Element])> where Other.Element: Sendable {
        try checkLimit(limit)
        return AsyncGenerator { yield in
            var table: [Key: [Other.Element]] = [:]
            var count = 0
            for try await element in other {
                count += 1
                guard count <= limit else { throw TooManyElementsError(limit: limit) }
                table[otherKey(element), default: []].append(element)
            }
            for try await element in self { try await yield((element, table[key(element)] ?? [])) }
        }
    }

    /// The elements in the order of their keys; equal keys in the order in which they came. What .NET calls `OrderBy`.
    ///
    /// The stream is read to its end first.
    /// - Cancellation: is the source's.
    /// - Where it runs: as a generator's body.
    /// - Allocates: an array of everything, `limit` at most.
    /// - Parameters:
    ///   - key: What of an element counts.
    ///   - limit: How many elements there may be.
    /// - Throws: `ArgumentError` if `limit` is negative; while it is read ``TooManyElementsError`` and what the source throws.
    public func ordered<Key: Comparable & SendableMetatype>(
        by key: @escaping @Sendable (Element) -> Key, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<Element> {
        try checkLimit(limit)
        return AsyncGenerator { yield in
            // The sort of the standard library keeps the order of equals, but does not promise to.
            let elements = try await self.toArray(limit: limit).enumerated().map { (key($1), $0, $1) }
            for (_, _, element) in elements.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) { try await yield(element) }
        }
    }
}
