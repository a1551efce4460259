#if Batch
import Concerto

/// What a worker holds of a shared run: its leased chunks, and what became of their rows since the last flush.
///
/// One task, ``run()``, flushes. A flush is the heartbeat too, so one is made at least three times in a lease. A call begins
/// only while the lease of its chunk lasts by this machine's own clock, counted from before the store was asked: a worker
/// that was stopped, or cut off, makes no further call until the store has said that the chunk is still its own.
final class ChunkJournal: RowJournal {
    /// Bytes of results that may wait for the store before rows wait too.
    static let backlog = 8 << 20
    /// Results that are flushed without waiting for more.
    static let largeFlush = 500
    /// How long results may come together.
    static let interval = Duration.milliseconds(250)

    private struct Held {
        var claim: ChunkClaim
        /// Rows that nobody has been given yet.
        var upcoming: ArraySlice<SharedRow>
        /// Rows without a result.
        var left: Int
        var until: TimerInstant
        var marked: Set<Int> = []
        var succeeded = 0
        var failed = 0
        var isWanted = false
        /// It has taken down whoever had it: nobody is given a row before half of them are another chunk.
        var isSplitting = false
        /// It is not worked on, and given back with the next flush.
        var isReturned = false

        /// Whether a row was given out that has no result.
        var isUnderWay: Bool { left > upcoming.count }
    }

    /// What is freed outside of the lock.
    private struct Dropped {
        var held: Held?
        var results: [ChunkFlush.Result]
    }

    private struct State {
        var held: [Int: Held] = [:]
        /// Chunks that were lost while calls of them were under way, which may be under way still.
        var lost: Set<Int> = []
        /// The chunk of each row that has no result.
        var chunks: [Int: Int] = [:]
        var results: [ChunkFlush.Result] = []
        var bytes = 0
        var marks: Set<ChunkFlush.Mark> = []
        var unmarked: Set<ChunkFlush.Mark> = []
        /// Ends with the flush that holds what is handed in now; its value are the chunks that were lost.
        var next = TaskCompletionSource<Set<Int>>()
        var isAwaited = false
        var sequence = 0
        var flushedAt: TimerInstant
        var dueAt: TimerInstant?
        var isClosed = false
        /// Whether the worker is to end: a store that is away is not waited for without end any more.
        var isEnding = false
        var failure: (any Error)?

        /// Lets a chunk go, with everything that was handed in under its fence and not flushed.
        ///
        /// - Returns: What is to be freed when the lock is open again.
        mutating func drop(_ chunk: Int) -> Dropped {
            let old = held.removeValue(forKey: chunk)
            for row in old?.claim.rows ?? [] where chunks[row.number] == chunk { chunks[row.number] = nil }
            let dropped = results.filter { $0.chunk == chunk }
            results.removeAll { $0.chunk == chunk }
            bytes -= dropped.reduce(0) { $0 + $1.line.count }
            marks = marks.filter { $0.chunk != chunk }
            unmarked = unmarked.filter { $0.chunk != chunk }
            return Dropped(held: old, results: dropped)
        }
    }

    private let state: Guarded<State>
    private let wake = AsyncAutoResetEvent(name: "ChunkJournal")
    private let store: any SharedStore
    private let sharedRun: SharedRun
    private let worker: SharedWorkerName
    private let lease: Duration
    private let clock: any TimerClock
    private let pauses: SharedPauses
    private let notice: @Sendable (String) -> Void
    /// Told once that no further calls are to begin: the run is not open any more, or the store has failed.
    private let ended: @Sendable () -> Void

    init(
        store: any SharedStore, run: SharedRun, worker: SharedWorkerName, lease: Duration, clock: any TimerClock,
        pauses: SharedPauses, notice: @escaping @Sendable (String) -> Void, ended: @escaping @Sendable () -> Void
    ) {
        (self.store, sharedRun, self.worker, self.lease, self.clock) = (store, run, worker, lease, clock)
        (self.pauses, self.notice, self.ended) = (pauses, notice, ended)
        state = Guarded(State(flushedAt: clock.now))
    }

    /// Whether chunks are held.
    var holdsAny: Bool { state.withLock { !$0.held.isEmpty } }

    /// Takes a chunk over, also one that this worker has held before: its lease ended, and what it had not flushed is dropped.
    ///
    /// - Parameter asked: When the store was asked for it: the lease began no earlier.
    /// - Returns: Whether its rows may be called. Where rows of an earlier lease of it are under way here, nobody could tell them
    ///   from the new ones: the chunk is given back, and the session ends.
    func hold(_ claim: ChunkClaim, asked: TimerInstant) -> Bool {
        let (isHeld, wakes, dropped) = state.withLock { state in
            let isUnderWay = state.held[claim.chunk]?.isUnderWay ?? false || state.lost.contains(claim.chunk)
            let dropped = state.drop(claim.chunk)
            if isUnderWay { state.lost.insert(claim.chunk) }
            var held = Held(
                claim: claim, upcoming: isUnderWay ? [] : claim.rows[...], left: claim.rows.count,
                until: asked.advanced(by: lease))
            held.isReturned = isUnderWay
            held.isSplitting = claim.attempts >= ChunkClaim.patience && held.upcoming.count > 1
            held.isWanted = held.isSplitting
            state.held[claim.chunk] = held
            if !isUnderWay { for row in claim.rows { state.chunks[row.number] = claim.chunk } }
            let wakes = claim.rows.isEmpty || held.isSplitting || isUnderWay
            if wakes { state.dueAt = asked }
            return (!isUnderWay, wakes, dropped)
        }
        _ = dropped
        if wakes { wake.set() }
        if !isHeld {
            notice("a lease ended, and its chunk came back while calls of it were under way: they are waited for")
            ended()
        }
        return isHeld
    }

    /// Waits for the flush that splits a chunk of which no row is given out before.
    ///
    /// - Returns: Whether there was one.
    func waitForSplit() async throws -> Bool {
        let next = try state.withLock { state -> TaskCompletionSource<Set<Int>>? in
            if let failure = state.failure { throw failure }
            guard state.held.values.contains(where: \.isSplitting) else { return nil }
            state.isAwaited = true
            return state.next
        }
        guard let next else { return false }
        wake.set()
        _ = try await next.task.value
        return true
    }

    /// The next row that nobody has been given, and how often its chunk was claimed in vain.
    func takeRow() -> (row: SharedRow, attempts: Int, isAlone: Bool)? {
        state.withLock { state in
            for number in state.held.keys.sorted() {
                guard let held = state.held[number], !held.isSplitting, let row = held.upcoming.first else { continue }
                state.held[number]?.upcoming.removeFirst()
                return (row, held.claim.attempts, held.claim.rows.count == 1)
            }
            return nil
        }
    }

    /// Waits for a store that is away no longer than a lease, from now on.
    func end() { state.withLock { $0.isEnding = true } }

    /// Gives everything back with the next flush, after which ``run()`` returns.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.isEnding = true
        }
        wake.set()
    }

    // MARK: What the workers hand in

    func willCall(_ row: RowIdentity, isRepeatable: Bool) async throws {
        var isMarked = isRepeatable
        while true {
            let now = clock.now
            let wait = try state.withLock { state -> TaskCompletionSource<Set<Int>>? in
                if let failure = state.failure { throw failure }
                guard let chunk = state.chunks[row.number], let held = state.held[chunk] else {
                    throw CancellationError()
                }
                if isMarked, now < held.until { return nil }
                if !isRepeatable {
                    let mark = ChunkFlush.Mark(row: row.number, chunk: chunk)
                    state.marks.insert(mark)
                    state.unmarked.remove(mark)
                    state.held[chunk]?.marked.insert(row.number)
                }
                state.isAwaited = true
                return state.next
            }
            guard let wait else { return }
            wake.set()
            do {
                _ = try await wait.task.value
                isMarked = true
            } catch {
                if !isRepeatable { try? wasNotCalled(row) }
                throw error
            }
        }
    }

    func wasNotCalled(_ row: RowIdentity) throws {
        let isFirst = state.withLock { state in
            guard let chunk = state.chunks[row.number] else { return false }
            let mark = ChunkFlush.Mark(row: row.number, chunk: chunk)
            state.marks.remove(mark)
            state.unmarked.insert(mark)
            return Self.flushSoon(&state, clock)
        }
        if isFirst { wake.set() }
    }

    /// The client closes its gate when this has returned; the flush looks at it then.
    func hostWasRefusing() {
        if state.withLock({ Self.flushSoon(&$0, clock) }) { wake.set() }
    }

    /// - Returns: Whether ``run()`` must hear of it.
    private static func flushSoon(_ state: inout State, _ clock: any TimerClock) -> Bool {
        guard state.dueAt == nil else { return false }
        state.dueAt = clock.now.advanced(by: interval)
        return true
    }

    func finish(_ row: RowIdentity, as outcome: RowState, line: [UInt8], hadPages: Bool) async throws {
        let now = clock.now
        let (wakes, full) = try state.withLock { state -> (Bool, TaskCompletionSource<Set<Int>>?) in
            if let failure = state.failure { throw failure }
            // Of a chunk that is somebody else's: the result is theirs to find.
            guard let chunk = state.chunks.removeValue(forKey: row.number), var held = state.held[chunk] else {
                return (false, nil)
            }
            if outcome == .succeeded { held.succeeded += 1 } else { held.failed += 1 }
            held.left -= 1
            state.held[chunk] = held
            state.results.append(
                .init(
                    row: row.number, chunk: chunk, state: outcome, line: line,
                    isPrecious: held.marked.contains(row.number)))
            state.bytes += line.count
            let isFirst = state.dueAt == nil
            if isFirst { state.dueAt = now.advanced(by: Self.interval) }
            let isLarge = state.results.count >= Self.largeFlush || state.bytes >= Ledger.largeBatch
            if isLarge || held.left == 0 { state.dueAt = now }
            return (isFirst || isLarge || held.left == 0, state.bytes > Self.backlog ? state.next : nil)
        }
        if wakes { wake.set() }
        // Whoever is cancelled here has handed its result in.
        if let full { _ = try? await full.task.value }
    }

    func register(_ row: RowRegistration, number: Int) async throws -> RowRegistration.Answer { .new }
    func fingerprint(of row: RowIdentity) async throws -> RowFingerprint? { nil }
    /// Pages are not shared: a row that another worker goes on with begins at its first page.
    func pages(of row: RowIdentity) async throws -> [PageRecord] { [] }
    func keep(_ page: PageRecord, of row: RowIdentity, isRepeatable: Bool, hasSecrets: Bool) async throws {}
    func append(line: [UInt8]) async throws {}

    // MARK: The flush

    /// Flushes until ``close()``.
    ///
    /// Cancellation is not observed: what was handed in is flushed.
    /// - Throws: What the store throws but ``SharedStoreAway``, which is waited out.
    func run() async throws {
        while true {
            let wait = state.withLock { state -> Duration in
                if state.isClosed || state.isAwaited { return .zero }
                let heartbeat = state.flushedAt.advanced(by: lease / 3)
                return max(.zero, clock.now.duration(to: min(state.dueAt ?? heartbeat, heartbeat)))
            }
            if wait > .zero, (try? await wake.wait(timeout: wait, clock: clock)) == true { continue }
            let isLast = state.withLock { $0.isClosed }
            do {
                try await flush(isLast: isLast)
            } catch {
                let next = state.withLock { state in
                    state.failure = error
                    return state.next
                }
                Self.fail(next, error)
                ended()
                throw error
            }
            if isLast { return }
        }
    }

    private func flush(isLast: Bool) async throws {
        let asked = clock.now
        let (prepared, done) = state.withLock { state in
            defer {
                (state.results, state.bytes, state.marks, state.unmarked) = ([], 0, [], [])
                (state.next, state.isAwaited, state.dueAt, state.flushedAt) = (
                    TaskCompletionSource(), false, nil, asked
                )
            }
            return (Self.prepare(&state, isLast: isLast, worker, lease), state.next)
        }
        guard var flush = prepared else {
            _ = done.trySetResult([])
            return
        }
        let answer: ChunkFlush.Answer
        var tries = 0
        while true {
            do {
                // They are said from now on, and some are over by now.
                flush.pauses = pauses.news()
                answer = try await store.flush(flush, of: sharedRun)
                break
            } catch let away as SharedStoreAway {
                flush.isRepeated = true
                tries += 1
                if tries == 1 { notice("the store is away, and asked again until it answers: \(away.description)") }
                // A worker that is to end waits for as long as its lease could have lasted.
                guard !state.withLock({ $0.isEnding }) || asked.duration(to: clock.now) < lease else {
                    Self.fail(done, away)
                    throw BatchError.store(
                        "the store did not come back: \(flush.results.count) results are lost, and their rows will be "
                            + "called again: \(away.description)")
                }
                try? await clock.sleep(for: min(.seconds(2), .milliseconds(100) * tries))
            } catch {
                Self.fail(done, error)
                throw error
            }
        }
        if tries > 0 { notice("the store answers again") }
        pauses.hear(answer.pauses)
        let dropped = state.withLock { state in
            var dropped: [Dropped] = []
            // A chunk that has come again meanwhile, under another fence, is not what the answer speaks of.
            for chunk in flush.chunks where state.held[chunk.number]?.claim.fence == chunk.fence {
                if answer.lost.contains(chunk.number) || chunk.end != .held {
                    if state.held[chunk.number]?.isUnderWay == true { state.lost.insert(chunk.number) }
                    dropped.append(state.drop(chunk.number))
                } else {
                    state.held[chunk.number]?.until = asked.advanced(by: lease)
                    state.held[chunk.number]?.isSplitting = false
                    if answer.wanted.contains(chunk.number) { state.held[chunk.number]?.isWanted = true }
                }
            }
            return dropped
        }
        _ = dropped
        if !answer.lost.isEmpty {
            notice("a lease ended before its results came: its rows are another worker's by now")
        }
        _ = done.trySetResult(answer.lost)
        if answer.run != .open { ended() }
    }

    /// Whoever waits hears of it, and if nobody does, ``run()`` has thrown it.
    private static func fail(_ source: TaskCompletionSource<Set<Int>>, _ error: any Error) {
        source.task.markObserved()
        _ = source.trySetError(error)
    }

    /// Makes a flush of everything that has come together; `nil` if there is nothing to say.
    private static func prepare(
        _ state: inout State, isLast: Bool, _ worker: SharedWorkerName, _ lease: Duration
    ) -> ChunkFlush? {
        guard !state.held.isEmpty else { return nil }
        state.sequence += 1
        var flush = ChunkFlush(worker: worker, sequence: state.sequence, lease: lease)
        for (number, held) in state.held.sorted(by: { $0.key < $1.key }) {
            var chunk = ChunkFlush.Chunk(number: number, fence: held.claim.fence)
            (chunk.succeeded, chunk.failed) = (held.succeeded, held.failed)
            state.held[number]?.succeeded = 0
            state.held[number]?.failed = 0
            if held.isWanted, !isLast, held.upcoming.count > 1 {
                let middle = held.upcoming.startIndex + held.upcoming.count / 2
                for row in held.upcoming[middle...] { state.chunks[row.number] = nil }
                state.held[number]?.left -= held.upcoming.endIndex - middle
                state.held[number]?.upcoming = held.upcoming[..<middle]
                chunk.split = held.upcoming[middle].number
                chunk.splitAttempts = held.claim.attempts >= ChunkClaim.patience ? ChunkClaim.patience - 1 : 0
            }
            state.held[number]?.isWanted = false
            let left = state.held[number]?.left ?? 0
            chunk.end = left == 0 ? .finished : isLast || held.isReturned ? .released : .held
            flush.chunks.append(chunk)
        }
        flush.results = state.results
        flush.marks = Array(state.marks)
        flush.unmarked = Array(state.unmarked)
        return flush
    }
}
#endif
