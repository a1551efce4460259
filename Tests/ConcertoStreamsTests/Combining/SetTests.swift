import Concerto
import ConcertoStreams
import Testing

/// Operator 45: what needs one side as a whole.
@Suite struct SetTests {
    private struct Broken: Error {}

    private let numbers = [3, 1, 3, 2, 1].asStream()

    @Test func `45: what is subtracted, intersected and united comes once, in the first stream's order`() async throws {
        let others = [2, 5, 1, 5].asStream()
        #expect(try await numbers.subtracting(others, limit: 9).toArray(limit: 9) == [3])
        #expect(try await numbers.intersecting(others, limit: 9).toArray(limit: 9) == [1, 2])
        #expect(try await numbers.union(others, limit: 9).toArray(limit: 9) == [3, 1, 2, 5])
        let none = [Int]().asStream()
        #expect(try await numbers.subtracting(none, limit: 9).toArray(limit: 9) == [3, 1, 2])
        #expect(try await numbers.intersecting(none, limit: 9).toArray(limit: 9) == [])
        #expect(try await none.union(none, limit: 0).toArray(limit: 9) == [])
    }

    @Test func `45: a join gives every pair with equal keys, a left join also what has no partner`() async throws {
        let orders = [(1, "a"), (2, "b"), (1, "c"), (9, "d")].asStream()
        let names = [(1, "Ann"), (2, "Bob"), (1, "Amy")].asStream()
        let joined = try await orders.joined(with: names, by: { $0.0 }, equals: { $0.0 }, limit: 3)
            .map { "\($0.0.1) \($0.1.1)" }.toArray(limit: 9)
        #expect(joined == ["a Ann", "a Amy", "b Bob", "c Ann", "c Amy"])
        let left = try await orders.leftJoined(with: names, by: { $0.0 }, equals: { $0.0 }, limit: 3)
            .map { "\($0.0.1) \($0.1?.1 ?? "-")" }.toArray(limit: 9)
        #expect(left == joined + ["d -"])
        let groups = try await orders.groupJoined(with: names, by: { $0.0 }, equals: { $0.0 }, limit: 3)
            .map { "\($0.0.1)\($0.1.count)" }.toArray(limit: 9)
        #expect(groups == ["a2", "b1", "c2", "d0"])
    }

    @Test func `45: what is ordered keeps the order of equal keys`() async throws {
        let words = ["bb", "a", "cc", "d", "e"].asStream()
        #expect(try await words.ordered(by: { $0.count }, limit: 5).toArray(limit: 9) == ["a", "d", "e", "bb", "cc"])
    }

    @Test func `45: a table over its limit is an error, and a failure of either side comes out`() async throws {
        let error = TooManyElementsError(limit: 2)
        let many = [1, 2, 3].asStream()
        await #expect(throws: error) { try await numbers.subtracting(many, limit: 2).count() }
        await #expect(throws: error) { try await many.subtracting([9].asStream(), limit: 2).count() }
        await #expect(throws: error) { try await numbers.intersecting(many, limit: 2).count() }
        await #expect(throws: error) { try await numbers.union(many, limit: 2).count() }
        await #expect(throws: error) { try await many.ordered(by: { $0 }, limit: 2).count() }
        await #expect(throws: error) {
            try await numbers.joined(with: many, by: { $0 }, equals: { $0 }, limit: 2).count()
        }
        #expect(throws: ArgumentError.self) { try numbers.union(many, limit: -1) }
        let failing = AsyncGenerator<Int> { _ in throw Broken() }
        await #expect(throws: Broken.self) { try await numbers.subtracting(failing, limit: 9).count() }
        await #expect(throws: Broken.self) { try await failing.intersecting(numbers, limit: 9).count() }
    }
}
