public import Concerto

extension AsyncSequence where Self: Sendable, Element: Hashable & Sendable {
    /// The elements that `other` does not have, each once, in this stream's order.
    ///
    /// `other` is read to its end first. What .NET calls `Except`.
    /// - Cancellation: is the sources'.
    /// - Where it runs: as a generator's body.
    /// - Allocates: a set of the elements of `other`, and one of those that came out: `limit` each.
    /// - Parameters:
    ///   - other: What is left out.
    ///   - limit: How many different elements either set may have.
    /// - Throws: `ArgumentError` if `limit` is negative; while it is read ``TooManyElementsError`` and what the sources throw.
    public func subtracting<Other: AsyncSequence & Sendable>(
        _ other: Other, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<Element> where Other.Element == Element {
        try checkLimit(limit)
        return AsyncGenerator { yield in
            let others = try await other.set(limit: limit)
            var seen: Set<Element> = []
            for try await element in self where !others.contains(element) {
                guard seen.insert(element).inserted else { continue }
                guard seen.count <= limit else { throw TooManyElementsError(limit: limit) }
                try await yield(element)
            }
        }
    }

    /// The elements that `other` has, too, each once, in this stream's order.
    ///
    /// `other` is read to its end first. What .NET calls `Intersect`.
    /// - Cancellation: is the sources'.
    /// - Where it runs: as a generator's body.
    /// - Allocates: a set of the elements of `other`, `limit` at most.
    /// - Parameters:
    ///   - other: What counts.
    ///   - limit: How many different elements `other` may have.
    /// - Throws: `ArgumentError` if `limit` is negative; while it is read ``TooManyElementsError`` and what the sources throw.
    public func intersecting<Other: AsyncSequence & Sendable>(
        _ other: Other, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<Element> where Other.Element == Element {
        try checkLimit(limit)
        return AsyncGenerator { yield in
            var others = try await other.set(limit: limit)
            for try await element in self where others.remove(element) != nil { try await yield(element) }
        }
    }

    /// The elements of this stream and then those of `other`, each once. What .NET calls `Union`.
    ///
    /// - Cancellation: is the sources'.
    /// - Where it runs: as a generator's body.
    /// - Allocates: a set of what came out, `limit` at most.
    /// - Parameters:
    ///   - other: What comes after this.
    ///   - limit: How many different elements there may be.
    /// - Throws: `ArgumentError` if `limit` is negative; while it is read ``TooManyElementsError`` and what the sources throw.
    public func union<Other: AsyncSequence & Sendable>(
        _ other: Other, limit: Int
    ) throws(ArgumentError) -> AsyncGenerator<Element> where Other.Element == Element {
        try checkLimit(limit)
        return AsyncGenerator { yield in
            var seen: Set<Element> = []
            func isNew(_ element: Element) throws -> Bool {
                guard seen.insert(element).inserted else { return false }
                guard seen.count <= limit else { throw TooManyElementsError(limit: limit) }
                return true
            }
            for try await element in self where try isNew(element) { try await yield(element) }
            for try await element in other where try isNew(element) { try await yield(element) }
        }
    }

    nonisolated(nonsending)
        fileprivate func set(limit: Int) async throws -> Set<Element>
    {
        var set: Set<Element> = []
        for try await element in self {
            set.insert(element)
            guard set.count <= limit else { throw TooManyElementsError(limit: limit) }
        }
        return set
    }
}

func checkLimit(_ limit: Int) throws(ArgumentError) {
    guard limit >= 0 else { throw ArgumentError("limit", limit, "it must not be negative") }
}
