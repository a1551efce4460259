#if Batch && PostgreSQL
import Concerto
import ConcertoTesting
import Testing

@testable import ConcertoBatch

/// What leases chunks and hands their rows out.
@Suite(.timeLimit(.minutes(1))) struct ChunkFeedTests {
    private struct Setup {
        let clock = ManualClock()
        let store: MemorySharedStore
        let run: SharedRun
        let journal: ChunkJournal
        let feed: ChunkFeed

        init(
            _ rows: Int, meet: @escaping @Sendable (MemorySharedStore.Moment) async throws -> Void = { _ in }
        ) async throws {
            store = MemorySharedStore(clock: clock, meet: meet)
            run = try await StoreLawTests.submit(rows, chunk: rows, store)
            journal = ChunkJournal(
                store: store, run: run, worker: StoreLawTests.first, lease: StoreLawTests.long, clock: clock,
                pauses: SharedPauses(clock: clock), notice: { _ in }, ended: {})
            let options = BatchOptions()
            feed = ChunkFeed(
                store: store, run: run, worker: StoreLawTests.first, lease: StoreLawTests.long, journal: journal,
                rows: try SharedRowReader(options, columns: nil), options: options, clock: clock)
        }

        /// Flushes what there is, and gives everything back.
        func close() async throws {
            let flushes = Task { try await journal.run() }
            journal.close()
            try await flushes.value
        }
    }

    @Test func `a store that is away while the last calls are waited for is asked again`() async throws {
        let asked = AsyncSemaphore(permits: 0)
        let setup = try await Setup(2) { moment in
            guard case .split = moment else { return }
            try asked.release()
            throw SharedStoreAway("it restarts", mayBeDone: false)
        }
        let feeding = Task { try await setup.feed.run() }
        for _ in 0..<3 {
            try await asked.acquire()
            await setup.clock.sleepers()
            setup.clock.advance(by: .seconds(2))
        }
        setup.feed.close()
        feeding.cancel()
        try await feeding.value
        try await setup.close()
    }

    @Test func `a chunk that is leased while its worker ends is given back`() async throws {
        let (asked, gate) = (AsyncManualResetEvent(), AsyncManualResetEvent())
        let isFirst = Guarded(true)
        let setup = try await Setup(2) { moment in
            guard case .claim = moment, isFirst.withLock({ $0.take() }) else { return }
            asked.set()
            // What is cancelled here would not have come back from a database either.
            try await gate.wait()
        }
        let feeding = Task { try await setup.feed.run() }
        try await asked.wait()
        setup.feed.close()
        feeding.cancel()
        gate.set()
        try await feeding.value
        #expect(setup.journal.holdsAny)
        try await setup.close()
        #expect(try await StoreLawTests.claim(setup.run, setup.store, by: StoreLawTests.second).rows.count == 2)
    }

    @Test func `a row that took its workers down ends as unknown where its call may have been sent`() async throws {
        let setup = try await Setup(1)
        let first = try await StoreLawTests.claim(setup.run, setup.store, lease: .seconds(1))
        var flush = StoreLawTests.flush(first, [])
        flush.lease = .zero
        flush.marks = [.init(row: 1, chunk: first.chunk)]
        _ = try await setup.store.flush(flush, of: setup.run)
        for _ in 1..<ChunkClaim.patience {
            _ = try await StoreLawTests.claim(setup.run, setup.store, lease: .zero)
        }
        let feeding = Task { try await setup.feed.run() }
        await setup.clock.sleepers()
        setup.feed.close()
        feeding.cancel()
        try await feeding.value
        try await setup.close()
        #expect(try await StoreLawTests.exported(setup.run, setup.store).contains("--retry-unsafe"))
        #expect(try await setup.store.retry(setup.run, includingUnknown: false) == 0)
        #expect(try await setup.store.retry(setup.run, includingUnknown: true) == 1)
    }
}

extension Bool {
    /// Whether it was true, and is not any more.
    fileprivate mutating func take() -> Bool {
        defer { self = false }
        return self
    }
}
#endif
