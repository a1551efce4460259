#if Batch
/// A store that workers on any number of machines share: it holds the rows of runs, who works on which of them, and the
/// results.
///
/// Rows are never updated. They are loaded once and cut into chunks; a worker leases a chunk, and what it did is one
/// ``flush(_:of:)``: fence, heartbeat, counters and results, all or nothing. The laws that every store keeps:
///
/// 1. A chunk has one holder; a claim of one whose lease has ended takes it over, under a higher fence.
/// 2. Nothing that is flushed under an older fence is kept, and the answer says so.
/// 3. A result is kept once: a claim hands out the rows of its chunk that have none.
/// 4. A flush that is repeated, because its answer was lost, counts once.
/// 5. A mark is safe when the flush that brings it returns, and a later claim of its row shows it.
/// 6. Time is the store's own; workers say how long, never when.
/// 7. A turn of a rate is lent once, and never before its time.
/// 8. A host that one worker was told to leave alone is told to every other with its next flush, until the time is over.
package protocol SharedStore: Sendable {
    /// - Throws: ``BatchError`` if the store is not there, or of another version, with the command that mends it.
    func checkSchema() async throws

    /// Creates the store, or brings it to this version.
    func migrate() async throws

    /// Creates a run of all rows that `next` gives until it returns `nil`; or none, if it throws.
    func submit(_ draft: SharedRunDraft, _ next: @Sendable () async throws -> SharedRow?) async throws -> SharedRun

    /// The runs, those of higher priority first, older ones first among those.
    func runs() async throws -> [SharedRun]

    /// Leases the next chunk of an open run; `nil` if there is none to be had now.
    func claim(_ run: SharedRun, for worker: SharedWorkerName, lease: Duration) async throws -> ChunkClaim?

    /// Does all of it, or nothing.
    func flush(_ flush: ChunkFlush, of run: SharedRun) async throws -> ChunkFlush.Answer

    /// Lends so many turns of a rate of the run, which follow on each other and on all that were lent before, an interval apart.
    ///
    /// - Returns: In how long the first of them is due.
    func borrow(_ count: Int, of interval: Duration, for run: SharedRun) async throws -> Duration

    /// Asks the holder of the chunk with the most rows left, if it has at least `rows`, to give half of them away.
    func requestSplit(of run: SharedRun, atLeast rows: Int) async throws

    /// Calls an open run finished if all its chunks are.
    ///
    /// - Returns: The run's state.
    func finishIfDone(_ run: SharedRun) async throws -> SharedRun.State

    /// Pauses, opens or cancels a run.
    ///
    /// - Throws: ``BatchError`` if its state does not allow it.
    func change(_ run: SharedRun, to state: SharedRun.State) async throws

    /// Forgets the results of failed rows, so that they are called again, and opens the run.
    ///
    /// - Parameter includingUnknown: Also of those whose outcome is not known, with their marks.
    /// - Returns: How many they were.
    func retry(_ run: SharedRun, includingUnknown: Bool) async throws -> Int

    /// How far a run is. Costs a look at its chunks, not at its rows.
    func status(of run: SharedRun) async throws -> SharedRunStatus

    /// Hands the results out in the order of the rows.
    func export(_ run: SharedRun, _ write: @Sendable ([UInt8]) throws -> Void) async throws

    /// Removes a run with everything that belongs to it.
    func drop(_ run: SharedRun) async throws

    /// Closes the store; nothing may be called afterwards.
    func close() async
}

/// Who works: unique to this start of the process, so that nobody is taken for a worker of before.
package struct SharedWorkerName: Hashable, Sendable {
    package var id: String
    package var host: String

    package init(id: String, host: String) { (self.id, self.host) = (id, host) }
}

/// The store is not to be had just now: it is worth asking again.
package struct SharedStoreAway: Error, CustomStringConvertible {
    package var description: String
    /// Whether what was asked may have been done.
    package var mayBeDone: Bool

    package init(_ description: String, mayBeDone: Bool) {
        (self.description, self.mayBeDone) = (description, mayBeDone)
    }
}

/// A run of a shared store.
package struct SharedRun: Sendable, Equatable {
    package enum State: Int, Sendable {
        case open = 1
        case paused = 2
        case cancelled = 3
        case finished = 4
    }

    package var id: Int
    package var name: String
    package var state: State
    package var priority: Int
    /// Rows of the input.
    package var rows: Int
    /// What its calls are made by; see ``SharedRunOptions``.
    package var options: [UInt8]
    /// Whether its rows stand in tables of their own.
    package var isLarge = false

    package init(
        id: Int, name: String, state: State, priority: Int, rows: Int, options: [UInt8], isLarge: Bool = false
    ) {
        (self.id, self.name, self.state, self.priority) = (id, name, state, priority)
        (self.rows, self.options, self.isLarge) = (rows, options, isLarge)
    }
}

/// A run that is to be created.
package struct SharedRunDraft: Sendable {
    package var name: String
    package var options: [UInt8]
    package var priority = 0
    /// Rows that are expected.
    package var rows: Int
    /// Rows of a chunk.
    package var chunkRows: Int

    /// - Parameter workers: How many are expected to work at a time: each shall get some twenty chunks.
    package init(name: String, options: [UInt8], rows: Int, workers: Int = 4) {
        (self.name, self.options, self.rows) = (name, options, rows)
        chunkRows = min(1_000, max(50, rows / (workers * 20)))
    }
}

/// A row as the store holds it.
package struct SharedRow: Sendable, Equatable {
    /// From 1, without a gap.
    package var number: Int
    /// The line of the input at which it begins.
    package var line: Int
    package var text: [UInt8]
    /// Whether an earlier holder of its chunk has marked it: its call may have been sent.
    package var isMarked = false

    package init(number: Int, line: Int, text: [UInt8], isMarked: Bool = false) {
        (self.number, self.line, self.text, self.isMarked) = (number, line, text, isMarked)
    }
}

/// Cuts rows into chunks as they come.
package struct ChunkCutter {
    /// Bytes after which a chunk ends, however few rows it has: a holder has all of them in memory.
    package static let bytes = 4 << 20
    private let rows: Int
    private var lower = 1
    private var size = 0
    package private(set) var chunks: [ClosedRange<Int>] = []

    package init(rows: Int) { self.rows = rows }

    package mutating func add(_ row: SharedRow) {
        size += row.text.count
        if row.number - lower + 1 >= rows || size >= Self.bytes { cut(after: row.number) }
    }

    /// Ends the last chunk.
    package mutating func finish(rows: Int) { if rows >= lower { cut(after: rows) } }

    private mutating func cut(after row: Int) {
        chunks.append(lower...row)
        lower = row + 1
        size = 0
    }
}

/// A leased chunk.
package struct ChunkClaim: Sendable {
    package var chunk: Int
    package var fence: Int
    /// Claims of it without a result since, this one included.
    package var attempts: Int
    /// Its rows that have no result, in order.
    package var rows: [SharedRow]

    package init(chunk: Int, fence: Int, attempts: Int, rows: [SharedRow]) {
        (self.chunk, self.fence, self.attempts, self.rows) = (chunk, fence, attempts, rows)
    }

    /// Claims without a result after which a chunk is split, or a single row given up.
    package static let patience = 4
}

/// What a worker did since its last flush.
package struct ChunkFlush: Sendable {
    package enum End: Int, Sendable {
        /// It is given back with the rows that have no result.
        case released = 0
        /// It is worked on.
        case held = 1
        /// All its rows have results.
        case finished = 2
    }

    package struct Chunk: Sendable {
        package var number: Int
        package var fence: Int
        package var end = End.held
        /// Its results in this flush that are a success, and those that are not.
        package var succeeded = 0
        package var failed = 0
        /// Its rows from this one to its last become a chunk of their own.
        package var split: Int?
        /// Claims without a result that those rows have behind them.
        package var splitAttempts = 0

        package init(number: Int, fence: Int) { (self.number, self.fence) = (number, fence) }
    }

    package struct Result: Sendable {
        package var row: Int
        package var chunk: Int
        package var state: RowState
        package var line: [UInt8]
        /// Whether it must not be lost, because its call must not be repeated.
        package var isPrecious: Bool

        package init(row: Int, chunk: Int, state: RowState, line: [UInt8], isPrecious: Bool) {
            (self.row, self.chunk, self.state, self.line) = (row, chunk, state, line)
            self.isPrecious = isPrecious
        }
    }

    package struct Mark: Sendable, Hashable {
        package var row: Int
        package var chunk: Int
        package init(row: Int, chunk: Int) { (self.row, self.chunk) = (row, chunk) }
    }

    /// What became of it.
    package struct Answer: Sendable {
        /// Chunks that are somebody else's by now, of which nothing was kept.
        package var lost: Set<Int> = []
        /// Chunks of which somebody with nothing to do would take half.
        package var wanted: Set<Int> = []
        /// The run's state.
        package var run: SharedRun.State
        /// Hosts that are to be left alone, and for how long from now.
        package var pauses: [String: Duration] = [:]
        package init(run: SharedRun.State) { self.run = run }
    }

    package var worker: SharedWorkerName
    /// Rises by one with every flush that is not a repeated one.
    package var sequence: Int
    package var lease: Duration
    /// In the order of their numbers, as two that lock them must.
    package var chunks: [Chunk] = []
    package var results: [Result] = []
    package var marks: [Mark] = []
    /// Marks that are taken back.
    package var unmarked: [Mark] = []
    /// Hosts that have asked to be left alone, and for how long from now.
    package var pauses: [String: Duration] = [:]
    /// Whether an earlier try of it may have been done.
    package var isRepeated = false

    package init(worker: SharedWorkerName, sequence: Int, lease: Duration) {
        (self.worker, self.sequence, self.lease) = (worker, sequence, lease)
    }

    /// Whether it must be on the disk when it returns.
    package var isPrecious: Bool { !marks.isEmpty || results.contains(where: \.isPrecious) }
}

/// How far a run is.
package struct SharedRunStatus: Sendable {
    package struct Worker: Sendable, Equatable {
        package var name: SharedWorkerName
        /// Seconds since it was last heard of.
        package var silence: Double
        package var chunks: Int
        package init(name: SharedWorkerName, silence: Double, chunks: Int) {
            (self.name, self.silence, self.chunks) = (name, silence, chunks)
        }
    }

    package var run: SharedRun
    package var succeeded = 0
    package var failed = 0
    package var chunks = 0
    package var finishedChunks = 0
    /// Seconds since it was submitted.
    package var age = 0.0
    package var workers: [Worker] = []

    package init(run: SharedRun) { self.run = run }
}
#endif
