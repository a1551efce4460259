#if Batch && PostgreSQL
import Concerto
import ConcertoBatch
import Testing

/// What every shared store keeps, whatever it is made of.
@Suite struct StoreLawTests {
    static let first = SharedWorkerName(id: "first", host: "a")
    static let second = SharedWorkerName(id: "second", host: "b")
    static let long = Duration.seconds(600)

    static func submit(_ rows: Int, chunk: Int, _ store: any SharedStore, name: String = "night") async throws
        -> SharedRun
    {
        var draft = SharedRunDraft(name: name, options: Array("{}".utf8), rows: rows)
        draft.chunkRows = chunk
        let next = Guarded(0)
        return try await store.submit(draft) {
            let number = next.withLock { number in
                number += 1
                return number
            }
            guard number <= rows else { return nil }
            return SharedRow(number: number, line: 2 * number, text: Array("row \(number)\u{0}\t\\".utf8))
        }
    }

    /// A flush of some results of a chunk.
    static func flush(
        _ claim: ChunkClaim, _ rows: some Sequence<Int>, by worker: SharedWorkerName = first, sequence: Int = 1,
        end: ChunkFlush.End = .held, state: RowState = .succeeded
    ) -> ChunkFlush {
        var flush = ChunkFlush(worker: worker, sequence: sequence, lease: long)
        var chunk = ChunkFlush.Chunk(number: claim.chunk, fence: claim.fence)
        chunk.end = end
        for row in rows {
            if state == .succeeded { chunk.succeeded += 1 } else { chunk.failed += 1 }
            flush.results.append(
                .init(
                    row: row, chunk: claim.chunk, state: state, line: Array("result \(row)\n".utf8), isPrecious: false))
        }
        flush.chunks = [chunk]
        return flush
    }

    static func exported(_ run: SharedRun, _ store: any SharedStore) async throws -> String {
        let text = Guarded("")
        try await store.export(run) { line in text.withLock { $0 += String(decoding: line, as: UTF8.self) } }
        return text.withLock { $0 }
    }

    static func claim(
        _ run: SharedRun, _ store: any SharedStore, by worker: SharedWorkerName = first, lease: Duration = long
    ) async throws -> ChunkClaim {
        try #require(try await store.claim(run, for: worker, lease: lease))
    }

    @Test(arguments: TestStore.all) func `a run is cut into chunks, and each is had once`(_ kind: TestStore)
        async throws
    {
        try await kind.run { store in
            let run = try await Self.submit(25, chunk: 10, store)
            var rows: [Int] = []
            for worker in [Self.first, Self.second, Self.first] {
                rows += try await Self.claim(run, store, by: worker).rows.map(\.number)
            }
            #expect(rows == Array(1...25))
            #expect(try await store.claim(run, for: Self.first, lease: Self.long) == nil)
            let status = try await store.status(of: run)
            #expect(status.chunks == 3 && status.run.rows == 25)
            #expect(Set(status.workers.map(\.name.id)).isSubset(of: ["first", "second"]))
        }
    }

    @Test(arguments: TestStore.all) func `a row comes back byte by byte, with its line`(_ kind: TestStore) async throws
    {
        try await kind.run { store in
            let run = try await Self.submit(1, chunk: 10, store)
            let row = try await Self.claim(run, store).rows
            #expect(row == [SharedRow(number: 1, line: 2, text: Array("row 1\u{0}\t\\".utf8))])
        }
    }

    @Test(arguments: TestStore.all)
    func `an ended lease is taken over, and what its old holder flushes is refused`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(10, chunk: 10, store)
            let old = try await Self.claim(run, store, lease: .zero)
            let new = try await Self.claim(run, store, by: Self.second)
            #expect(new.chunk == old.chunk && new.fence > old.fence && new.attempts == 2)
            let answer = try await store.flush(Self.flush(old, 1...10, end: .finished), of: run)
            #expect(answer.lost == [old.chunk])
            #expect(try await Self.exported(run, store) == "")
            #expect(try await store.flush(Self.flush(new, [3], by: Self.second), of: run).lost.isEmpty)
            #expect(try await Self.exported(run, store) == "result 3\n")
        }
    }

    @Test(arguments: TestStore.all)
    func `a flush under a fence that is right is refused if the chunk is another's`(_ kind: TestStore) async throws {
        // As after a crash of the server that took the first one's claim back, and had the second one get its number.
        try await kind.run { store in
            let run = try await Self.submit(4, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            var flush = Self.flush(claim, 1...4, by: Self.second, end: .finished)
            #expect(try await store.flush(flush, of: run).lost == [claim.chunk])
            flush = Self.flush(claim, 1...2)
            #expect(try await store.flush(flush, of: run).lost.isEmpty)
            flush.worker = Self.second
            flush.isRepeated = true
            #expect(try await store.flush(flush, of: run).lost == [claim.chunk], "it is not the one that was done")
            #expect(try await store.status(of: run).succeeded == 2)
        }
    }

    @Test(arguments: TestStore.all)
    func `a chunk that is given back comes without the rows that have results`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(5, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            _ = try await store.flush(Self.flush(claim, [4, 1], end: .released), of: run)
            let again = try await Self.claim(run, store, by: Self.second)
            #expect(again.rows.map(\.number) == [2, 3, 5])
            #expect(again.attempts == 1, "a chunk that has moved on is as a new one")
        }
    }

    @Test(arguments: TestStore.all)
    func `a flush whose answer was lost is repeated and counts once`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(5, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            var flush = Self.flush(claim, 1...5, end: .finished)
            _ = try await store.flush(flush, of: run)
            flush.isRepeated = true
            #expect(try await store.flush(flush, of: run).lost.isEmpty)
            #expect(try await store.status(of: run).succeeded == 5)
            #expect(try await store.finishIfDone(run) == .finished)
        }
    }

    @Test(arguments: TestStore.all)
    func `a repeated flush that had not been done is done`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(5, chunk: 10, store)
            var flush = Self.flush(try await Self.claim(run, store), 1...2)
            flush.isRepeated = true
            _ = try await store.flush(flush, of: run)
            #expect(try await Self.exported(run, store) == "result 1\nresult 2\n")
        }
    }

    @Test(arguments: TestStore.all) func `a mark is shown to the next holder, until it is taken back`(_ kind: TestStore)
        async throws
    {
        try await kind.run { store in
            let run = try await Self.submit(3, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            var flush = Self.flush(claim, [], sequence: 1)
            flush.marks = [.init(row: 2, chunk: claim.chunk), .init(row: 3, chunk: claim.chunk)]
            _ = try await store.flush(flush, of: run)
            flush = Self.flush(claim, [], sequence: 2, end: .released)
            flush.unmarked = [.init(row: 3, chunk: claim.chunk)]
            _ = try await store.flush(flush, of: run)
            #expect(try await Self.claim(run, store).rows.map(\.isMarked) == [false, true, false])
        }
    }

    @Test(arguments: TestStore.all) func `a mark under an older fence is refused with its chunk`(_ kind: TestStore)
        async throws
    {
        try await kind.run { store in
            let run = try await Self.submit(3, chunk: 10, store)
            let old = try await Self.claim(run, store, lease: .zero)
            _ = try await Self.claim(run, store, by: Self.second, lease: .zero)
            var flush = Self.flush(old, [])
            flush.marks = [.init(row: 1, chunk: old.chunk)]
            #expect(try await store.flush(flush, of: run).lost == [old.chunk])
            #expect(try await Self.claim(run, store).rows.allSatisfy { !$0.isMarked })
        }
    }

    @Test(arguments: TestStore.all)
    func `who has nothing to do asks, and the holder gives its last rows away`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(10, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            try await store.requestSplit(of: run, atLeast: 2)
            #expect(try await store.flush(Self.flush(claim, [1], sequence: 1), of: run).wanted == [claim.chunk])
            var flush = Self.flush(claim, [2], sequence: 2)
            flush.chunks[0].split = 7
            #expect(try await store.flush(flush, of: run).wanted.isEmpty)
            let other = try await Self.claim(run, store, by: Self.second)
            #expect(other.rows.map(\.number) == Array(7...10))
            _ = try await store.flush(Self.flush(claim, 3...6, sequence: 3, end: .finished), of: run)
            #expect(try await store.finishIfDone(run) == .open)
            _ = try await store.flush(Self.flush(other, 7...10, by: Self.second, end: .finished), of: run)
            #expect(try await store.finishIfDone(run) == .finished)
            let status = try await store.status(of: run)
            #expect((status.succeeded, status.chunks, status.finishedChunks) == (10, 2, 2))
            #expect(try await Self.exported(run, store) == (1...10).map { "result \($0)\n" }.joined())
        }
    }

    @Test(arguments: TestStore.all)
    func `who gives rows away twice gives each away once`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(10, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            for (sequence, first) in [(1, 7), (2, 4)] {
                var flush = Self.flush(claim, [], sequence: sequence)
                flush.chunks[0].split = first
                _ = try await store.flush(flush, of: run)
            }
            let last = try await Self.claim(run, store, by: Self.second)
            let middle = try await Self.claim(run, store, by: Self.second)
            #expect(last.rows.map(\.number) == Array(7...10))
            #expect(middle.rows.map(\.number) == Array(4...6))
        }
    }

    @Test(arguments: TestStore.all)
    func `a paused run gives no chunks, and tells those who hold one`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(20, chunk: 10, store)
            let claim = try await Self.claim(run, store)
            try await store.change(run, to: .paused)
            #expect(try await store.claim(run, for: Self.second, lease: Self.long) == nil)
            #expect(try await store.flush(Self.flush(claim, [1]), of: run).run == .paused)
            #expect(try await Self.exported(run, store) == "result 1\n", "what was done is kept")
            try await store.change(run, to: .open)
            #expect(try await store.claim(run, for: Self.second, lease: Self.long) != nil)
        }
    }

    @Test(arguments: TestStore.all)
    func `retry forgets failed results, and unknown ones only where that is said`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(4, chunk: 2, store)
            for (state, sequence) in [(RowState.failed, 1), (.unknown, 2)] {
                let claim = try await Self.claim(run, store)
                let rows = claim.rows.map(\.number)
                _ = try await store.flush(
                    Self.flush(claim, rows, sequence: sequence, end: .finished, state: state), of: run)
            }
            #expect(try await store.finishIfDone(run) == .finished)
            #expect(try await store.retry(run, includingUnknown: false) == 2)
            #expect(try await Self.claim(run, store).rows.map(\.number) == [1, 2])
            #expect(try await store.claim(run, for: Self.first, lease: Self.long) == nil)
            #expect(try await store.retry(run, includingUnknown: true) == 2)
            #expect(try await Self.claim(run, store).rows.map(\.number) == [3, 4])
            #expect(try await store.status(of: run).failed == 0)
        }
    }

    @Test(arguments: TestStore.all)
    func `retry leaves chunks alone that somebody works on, until they are given back`(_ kind: TestStore) async throws {
        try await kind.run { store in
            let run = try await Self.submit(6, chunk: 2, store)
            let held = try await Self.claim(run, store)
            _ = try await store.flush(Self.flush(held, [1], state: .failed), of: run)
            let ended = try await Self.claim(run, store)
            _ = try await store.flush(Self.flush(ended, [3], end: .released, state: .failed), of: run)
            #expect(try await store.retry(run, includingUnknown: true) == 1)
            #expect(try await store.flush(Self.flush(held, [2], sequence: 2, end: .finished), of: run).lost.isEmpty)
            #expect(try await Self.claim(run, store).rows.map(\.number) == [3, 4])
            #expect(try await store.retry(run, includingUnknown: true) == 1)
            #expect(try await Self.claim(run, store).rows.map(\.number) == [1])
            let status = try await store.status(of: run)
            #expect((status.succeeded, status.failed) == (1, 0))
        }
    }

    @Test(arguments: TestStore.all) func `a name is had once, and a dropped run is gone`(_ kind: TestStore) async throws
    {
        try await kind.run { store in
            let run = try await Self.submit(4, chunk: 2, store)
            let error = await #expect(throws: BatchError.self) { try await Self.submit(1, chunk: 1, store) }
            #expect(error?.description.contains("'night'") == true)
            let other = try await Self.submit(3, chunk: 2, store, name: "day")
            let claim = try await Self.claim(run, store)
            try await store.drop(run)
            #expect(try await store.runs().map(\.name) == ["day"])
            #expect(try await store.flush(Self.flush(claim, [1]), of: run).run == .cancelled)
            #expect(try await Self.claim(other, store).rows.count == 2)
        }
    }

    @Test(arguments: TestStore.all)
    func `turns of a rate are lent one after the other, each once and none before its time`(
        _ kind: TestStore
    ) async throws {
        try await kind.run { store in
            let run = try await Self.submit(1, chunk: 10, store)
            let other = try await Self.submit(1, chunk: 10, store, name: "day")
            let clock = ContinuousClock()
            let start = clock.now
            let first = try await store.borrow(10, of: .seconds(1), for: run)
            let second = try await store.borrow(5, of: .seconds(1), for: run)
            let third = try await store.borrow(1, of: .seconds(1), for: run)
            let gone = start.duration(to: clock.now)
            // The clocks of a database and of this process may tick differently by a little.
            let blur = Duration.milliseconds(20)
            #expect(first <= blur)
            #expect(second >= .seconds(10) - gone - blur && second <= .seconds(10) + blur)
            #expect(third >= .seconds(15) - gone - blur && third <= .seconds(15) + blur)
            #expect(try await store.borrow(1, of: .seconds(1), for: other) <= blur, "another run has a rate of its own")
            #expect(try await store.borrow(1, of: .milliseconds(10), for: run) <= blur, "and so has another rate")
        }
    }

    @Test(arguments: TestStore.all)
    func `a host that one was told to leave alone is told to the others, for the longest time`(_ kind: TestStore)
        async throws
    {
        try await kind.run { store in
            let run = try await Self.submit(20, chunk: 10, store)
            let (one, two) = (try await Self.claim(run, store), try await Self.claim(run, store, by: Self.second))
            let host = "h\(UInt64.random(in: 0 ... .max)):80"
            var flush = Self.flush(one, [])
            flush.pauses = [host: .seconds(500)]
            _ = try await store.flush(flush, of: run)
            flush = Self.flush(one, [], sequence: 2)
            flush.pauses = [host: .seconds(100)]
            _ = try await store.flush(flush, of: run)
            let heard = try await store.flush(Self.flush(two, [], by: Self.second), of: run).pauses
            #expect(heard.keys.sorted() == [host])
            #expect(heard[host].map { $0 > .seconds(400) && $0 < .seconds(501) } == true)
        }
    }

    @Test(arguments: TestStore.all)
    func `an input that ends with an error leaves nothing`(_ kind: TestStore) async throws {
        struct Broken: Error {}
        try await kind.run { store in
            let draft = SharedRunDraft(name: "night", options: [], rows: 2)
            await #expect(throws: Broken.self) { try await store.submit(draft) { throw Broken() } }
            let left = try await store.runs()
            #expect(left.isEmpty)
        }
    }
}
#endif
