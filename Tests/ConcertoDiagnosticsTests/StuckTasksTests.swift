import TestSupport
import Testing

@testable import ConcertoDiagnostics

@Suite struct StuckTasksTests {
    private func one(_ tasks: UInt64...) -> StuckTasks.Need { .any(tasks, reason: "") }
    private func every(_ tasks: UInt64...) -> StuckTasks.Need { .all(tasks, reason: "") }

    @Test func `a chain that ends at a task that may move is not stuck`() {
        #expect(StuckTasks([1: one(2), 2: one(3)]).stuck.isEmpty)
    }

    @Test func `two that await each other are a cycle, and who awaits them waits behind`() {
        let stuck = StuckTasks([7: one(8), 8: one(7), 9: one(8), 10: one(9), 11: one(12)])
        #expect(Set(stuck.stuck.keys) == [7, 8, 9, 10])
        #expect(stuck.cycles.map(\.tasks) == [[7, 8]])
        #expect(stuck.cycles.map(\.behind) == [2])
    }

    @Test func `a task that awaits itself is a cycle of one`() {
        #expect(StuckTasks([5: one(5)]).cycles.map(\.tasks) == [[5]])
    }

    @Test func `who needs one of several is stuck only if all of them are`() {
        #expect(StuckTasks([1: one(2, 3), 2: one(1)]).stuck.isEmpty)
        #expect(StuckTasks([1: one(2, 3), 2: one(1), 3: one(1)]).stuck.count == 3)
    }

    @Test func `who needs all of several is stuck if one of them is`() {
        #expect(Set(StuckTasks([1: every(2, 3), 2: one(1)]).stuck.keys) == [1, 2])
        #expect(StuckTasks([1: every(2, 3), 2: one(3)]).stuck.isEmpty)
    }

    @Test func `two circles are two cycles`() {
        let stuck = StuckTasks([1: one(2), 2: one(1), 3: one(4), 4: one(5), 5: one(3), 6: one(5)])
        #expect(stuck.cycles.map(\.tasks) == [[1, 2], [3, 4, 5]])
        #expect(stuck.cycles.map(\.behind) == [0, 1])
    }

    @Test func `what is found is the largest set that only waits for itself`() {
        var random = seededRandom()
        for _ in 0..<300 {
            var needs: [UInt64: StuckTasks.Need] = [:]
            for task in UInt64(0)..<8 where Bool.random(using: &random) {
                let others = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    UInt64.random(in: 0..<10, using: &random)
                }
                needs[task] = Bool.random(using: &random) ? .any(others, reason: "") : .all(others, reason: "")
            }
            // All sets that only wait for themselves, tried one by one: their union is the largest.
            var largest: Set<UInt64> = []
            let tasks = needs.keys.sorted()
            for bits in 0..<(1 << tasks.count) {
                let set = Set(tasks.indices.filter { bits >> $0 & 1 == 1 }.map { tasks[$0] })
                let isClosed = set.allSatisfy { task in
                    switch needs[task]! {
                    case .any(let others, _): others.allSatisfy(set.contains)
                    case .all(let others, _): others.contains(where: set.contains)
                    }
                }
                if isClosed { largest.formUnion(set) }
            }
            let stuck = StuckTasks(needs)
            #expect(Set(stuck.stuck.keys) == largest)
            // Each cycle goes round among stuck tasks, and each stuck task is in one or behind one.
            #expect(stuck.cycles.reduce(0) { $0 + $1.tasks.count + $1.behind } == largest.count)
        }
    }
}
