import ConcertoTesting
import Synchronization
import Testing

@Suite struct ManualExecutorTests {
    @Test func `Runs nothing until told, then jobs in the order in which they became ready`() {
        let executor = ManualExecutor()
        let box = Log()
        for number in 1...3 { executor.task { box.append(number) } }
        #expect(box.entries.isEmpty)
        #expect(executor.pending == 3)
        #expect(executor.runOne())
        #expect(box.entries == [1])
        executor.runUntilIdle()
        #expect(box.entries == [1, 2, 3])
        #expect(!executor.runOne())
    }

    @Test func `A seed decides the interleaving and reproduces it`() {
        func interleaving(seed: UInt64) -> [Int] {
            let executor = ManualExecutor(order: .random(seed: seed))
            let log = Log()
            for number in 0..<8 {
                executor.task {
                    log.append(number)
                    await Task.yield()
                    log.append(number)
                }
            }
            executor.runUntilIdle()
            return log.entries
        }
        #expect(interleaving(seed: 7) == interleaving(seed: 7))
        #expect(interleaving(seed: 7).count == 16)
        #expect(Set((0..<20).map { interleaving(seed: $0) }).count > 10)
    }

    @Test func `run returns the result, and throws instead of hanging when nobody can go on`() throws {
        let executor = ManualExecutor()
        #expect(try executor.run { 42 } == 42)
        let (stream, continuation) = AsyncStream<Int>.makeStream()
        #expect(throws: ManualExecutor.StalledError.self) {
            try executor.run { for await _ in stream {} }
        }
        continuation.finish()
        executor.runUntilIdle()
    }
}

final class Log: Sendable {
    private let storage = Mutex<[Int]>([])
    var entries: [Int] { storage.withLock { $0 } }
    func append(_ entry: Int) { storage.withLock { $0.append(entry) } }
}
