#if Batch && PostgreSQL
import Concerto
import ConcertoBatch
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
        journal.hold(try await StoreLawTests.claim(run, store), asked: clock.now)
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
}
#endif
