#if Batch
import Concerto

/// Hands out the rows of leased chunks, and leases the next one when they are handed out.
final class ChunkFeed: RowFeed {
    private static let block = 4 << 10
    /// How long to wait before the store is asked again whether there is something to do.
    static let poll = Duration.seconds(1)

    private let channel = BoundedChannel<RowSource.Entry>(capacity: 16)
    private let room: AsyncSemaphore
    private let blocks: Int
    private let store: any SharedStore
    private let sharedRun: SharedRun
    private let worker: SharedWorkerName
    private let lease: Duration
    private let journal: ChunkJournal
    private let rows: SharedRowReader
    private let encoder: ResultEncoder
    private let clock: any TimerClock

    init(
        store: any SharedStore, run: SharedRun, worker: SharedWorkerName, lease: Duration, journal: ChunkJournal,
        rows: SharedRowReader, options: BatchOptions, clock: any TimerClock
    ) {
        (self.store, sharedRun, self.worker, self.lease) = (store, run, worker, lease)
        (self.journal, self.rows, self.clock) = (journal, rows, clock)
        blocks = max(1, options.memory / 2 / Self.block)
        room = AsyncSemaphore(permits: blocks)
        encoder = ResultEncoder(
            showsHeaders: options.showsHeaders, secretHeaders: options.secretHeaders, selections: options.selections)
    }

    func next(
        returning weight: Int, of host: String?, willWait: () -> Void
    ) async throws -> RowSource.Entry? {
        putBack(weight, of: host)
        if let entry = channel.tryRead() { return entry }
        willWait()
        do {
            return try await channel.read()
        } catch is ChannelClosedError {
            return nil
        } catch is CancellationError {
            return nil
        }
    }

    func putBack(_ weight: Int, of host: String?) {
        // No more is given back than was taken, so that it fits.
        if weight > 0 { _ = try? room.release(weight) }
    }

    /// No further rows.
    func close() { _ = channel.tryComplete() }

    /// Brings rows until there is nothing to do in this run, or ``close()``.
    func run() async throws {
        defer { close() }
        do {
            while true {
                if let (row, attempts, isAlone) = journal.takeRow() {
                    try await bring(row, isPoisoned: isAlone && attempts > ChunkClaim.patience)
                } else if try await journal.waitForSplit() {
                    continue
                } else if try await !claim() {
                    // Whoever holds chunks still waits for its calls; another's rows may help it over the time.
                    guard journal.holdsAny else { return }
                    // A store that is away is the journal's to tell of.
                    do { try await store.requestSplit(of: sharedRun, atLeast: 4) } catch is SharedStoreAway {}
                    try await clock.sleep(for: Self.poll * Double.random(in: 0.8...1.2))
                }
            }
        } catch is ChannelClosedError {
        } catch is CancellationError {
        }
    }

    private func claim() async throws -> Bool {
        while true {
            let asked = clock.now
            do {
                // A task of its own: a claim that was cut off half-way would leave a chunk leased that nobody here knows of.
                let claimed = Task { [store, sharedRun, worker, lease] in
                    try await store.claim(sharedRun, for: worker, lease: lease)
                }
                guard let claim = try await claimed.value else { return false }
                guard journal.hold(claim, asked: asked) else { throw CancellationError() }
                return true
            } catch is SharedStoreAway {
                // The journal says it, with its heartbeat.
                try await clock.sleep(for: Self.poll)
            }
        }
    }

    private func bring(_ row: SharedRow, isPoisoned: Bool) async throws {
        let item = rows.item(row)
        if isPoisoned {
            let message =
                "its workers ended \(ChunkClaim.patience) times before they had its result, the last time with nothing "
                + "else to do; look into their logs, and call it again with concerto batch retry"
                + (row.isMarked ? " --retry-unsafe: its call may have been sent, and must not be repeated unseen" : "")
            let result = RowResult(
                identity: item.identity, outcome: .failed(kind: "poisoned", message: message), metadata: item.metadata)
            return try await journal.finish(
                item.identity, as: row.isMarked ? .unknown : .failed, line: encoder.line(for: result), hadPages: false)
        }
        let weight = min(blocks, (RowSource.rowWeight + 3 * row.text.count) / Self.block)
        try await room.acquire(weight)
        try await channel.write(
            RowSource.Entry(
                item: item, weight: weight, host: nil, isSuspect: false, earlier: row.isMarked ? .inFlight : nil))
    }
}
#endif
