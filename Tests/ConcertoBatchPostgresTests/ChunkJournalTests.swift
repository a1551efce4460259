#if Batch && PostgreSQL
import Concerto
import ConcertoBatch
import ConcertoTesting
import Testing

@testable import ConcertoBatch

/// What a worker holds of a shared run, and gives away.
@Suite struct ChunkJournalTests {
    @Test func `a holder that is asked for rows again and again gives each away once, or keeps it`() async throws {
        let clock = MonotonicClock()
        let store = MemorySharedStore(clock: clock)
        let run = try await StoreLawTests.submit(64, chunk: 64, store)
        let journal = ChunkJournal(
            store: store, run: run, worker: StoreLawTests.first, lease: StoreLawTests.long, clock: clock,
            pauses: SharedPauses(clock: clock), notice: { _ in }, ended: {})
        #expect(journal.hold(try await StoreLawTests.claim(run, store), asked: clock.now))
        let flushes = Task { try await journal.run() }
        let first = try #require(journal.takeRow()).row.number
        let row = RowIdentity(number: first, line: first)
        for _ in 1...6 {
            try await store.requestSplit(of: run, atLeast: 4)
            // A mark waits for a flush: the first learns that rows are wanted, the second gives them away.
            for _ in 0..<2 { try await journal.willCall(row, isRepeatable: false) }
        }
        var given: [Int] = []
        while let claim = try await store.claim(run, for: StoreLawTests.second, lease: StoreLawTests.long) {
            given += claim.rows.map(\.number)
        }
        var kept = [first]
        while let (row, _, _) = journal.takeRow() { kept.append(row.number) }
        #expect(given.count > 40)
        #expect((kept + given).sorted() == Array(1...64))
        journal.close()
        try await flushes.value
    }

    private final class Ends: Sendable { let count = Guarded(0) }

    /// A worker in virtual time, with a run of so many rows in one chunk.
    private struct Setup {
        static let lease = Duration.seconds(30)

        let clock = ManualClock()
        let executor = ManualExecutor()
        let store: MemorySharedStore
        let run: SharedRun
        let journal: ChunkJournal
        let ends = Ends()

        init(
            _ rows: Int, meet: @escaping @Sendable (MemorySharedStore.Moment) async throws -> Void = { _ in }
        ) async throws {
            let store = MemorySharedStore(clock: clock, meet: meet)
            self.store = store
            let run = try await StoreLawTests.submit(rows, chunk: rows, store)
            self.run = run
            journal = ChunkJournal(
                store: store, run: run, worker: StoreLawTests.first, lease: Self.lease, clock: clock,
                pauses: SharedPauses(clock: clock), notice: { _ in },
                ended: { [ends] in ends.count.withLock { $0 += 1 } })
        }

        func claim(by worker: SharedWorkerName = StoreLawTests.first, lease: Duration = Self.lease) async throws
            -> ChunkClaim
        {
            try await StoreLawTests.claim(run, store, by: worker, lease: lease)
        }

        func take() throws -> RowIdentity {
            let row = try #require(journal.takeRow()).row
            return RowIdentity(number: row.number, line: row.line)
        }

        func finish(_ row: RowIdentity) async throws {
            try await journal.finish(
                row, as: .succeeded, line: Array("result \(row.number)\n".utf8), hadPages: false)
        }

        /// Flushes what there is, and gives everything back.
        func close() async throws {
            let flushes = Task { try await journal.run() }
            journal.close()
            try await flushes.value
        }
    }

    @Test func `a chunk that comes again while its rows are under way is given back, and ends the session`()
        async throws
    {
        let setup = try await Setup(3)
        #expect(setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
        try await setup.finish(try setup.take())
        let underWay = try setup.take()
        setup.clock.advance(by: .seconds(31))
        #expect(!setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
        #expect(setup.journal.takeRow() == nil)
        #expect(setup.ends.count.withLock { $0 } == 1)
        await #expect(throws: CancellationError.self) {
            try await setup.journal.willCall(underWay, isRepeatable: false)
        }
        // It is another's to find.
        try await setup.finish(underWay)
        let flushes = setup.executor.task { try await setup.journal.run() }
        setup.executor.runUntilIdle()
        #expect(!setup.journal.holdsAny)
        #expect(try await setup.claim(by: StoreLawTests.second).rows.map(\.number) == [1, 2, 3])
        setup.journal.close()
        setup.executor.runUntilIdle()
        try await flushes.value
        #expect(try await StoreLawTests.exported(setup.run, setup.store) == "")
    }

    @Test func `what was not flushed of a lease that ended is dropped when its chunk comes again`() async throws {
        let setup = try await Setup(2)
        for _ in 0..<2 {
            #expect(setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
            for _ in 0..<2 { try await setup.finish(try setup.take()) }
            setup.clock.advance(by: .seconds(31))
        }
        try await setup.close()
        #expect(try await StoreLawTests.exported(setup.run, setup.store) == "result 1\nresult 2\n")
        #expect(try await setup.store.status(of: setup.run).succeeded == 2)
    }

    @Test func `an answer about an ended lease says nothing of the next one`() async throws {
        let gate = AsyncManualResetEvent()
        let asked = AsyncManualResetEvent()
        let setup = try await Setup(2) { moment in
            guard case .flush = moment else { return }
            asked.set()
            try await gate.wait()
        }
        #expect(setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
        let flushes = Task { try await setup.journal.run() }
        await setup.clock.sleepers()
        setup.clock.advance(by: .seconds(10))
        try await asked.wait()
        setup.clock.advance(by: .seconds(31))
        #expect(setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
        let row = try setup.take()
        // The answer says that the chunk is lost, which it is not.
        gate.set()
        try await setup.journal.willCall(row, isRepeatable: false)
        try await setup.finish(row)
        setup.journal.close()
        try await flushes.value
        #expect(try await StoreLawTests.exported(setup.run, setup.store) == "result 1\n")
    }

    @Test func `of two rows that took their workers down one is given away before the other is called`() async throws {
        let setup = try await Setup(2)
        for _ in 1..<ChunkClaim.patience { _ = try await setup.claim(lease: .zero) }
        #expect(setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
        #expect(setup.journal.takeRow() == nil)
        let flushes = Task { try await setup.journal.run() }
        _ = try await setup.journal.waitForSplit()
        #expect(try setup.take().number == 1)
        #expect(setup.journal.takeRow() == nil)
        let other = try await setup.claim(by: StoreLawTests.second)
        #expect((other.rows.map(\.number), other.attempts) == ([2], ChunkClaim.patience))
        setup.journal.close()
        try await flushes.value
    }

    @Test func `a mark that is taken back is taken back within a quarter of a second`() async throws {
        let unmarked = Guarded<[Int]>([])
        let setup = try await Setup(1) { moment in
            guard case .flush(let flush) = moment else { return }
            unmarked.withLock { $0 += flush.unmarked.map(\.row) }
        }
        #expect(setup.journal.hold(try await setup.claim(), asked: setup.clock.now))
        let row = try setup.take()
        let flushes = setup.executor.task { try await setup.journal.run() }
        let call = setup.executor.task { try await setup.journal.willCall(row, isRepeatable: false) }
        setup.executor.runUntilIdle()
        try await call.value
        try setup.journal.wasNotCalled(row)
        setup.executor.runUntilIdle()
        setup.clock.advance(by: ChunkJournal.interval)
        setup.executor.runUntilIdle()
        #expect(unmarked.withLock { $0 } == [1])
        setup.journal.close()
        setup.executor.runUntilIdle()
        try await flushes.value
    }
}
#endif
