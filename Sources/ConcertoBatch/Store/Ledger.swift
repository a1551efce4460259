#if Batch
import Concerto

/// Brings results to the output and their rows' states to the store, many at a time (group commit).
///
/// The invariant that makes a run resumable: a row is finished in the store only in a commit that follows the write of
/// its line, and that commit also holds the length of the output. What a crash leaves behind the last committed
/// length is therefore whole lines of rows that the store still calls unfinished, and at most one torn line.
///
/// Workers hand in; one task, ``run()``, takes everything that has come together, writes and commits. Nothing waits
/// for a commit but what must: a mark before a call that may not be repeated, and workers that are far ahead of the
/// disk.
final class Ledger: Sendable {
    /// Bytes of results that may wait for the disk before workers wait too.
    static let backlog = 8 << 20
    /// Bytes of results that are committed without waiting for more.
    static let largeBatch = 1 << 20
    /// Bytes of a result that is handed on as it is.
    static let longLine = 64 << 10

    private typealias Waiter = UnsafeContinuation<Void, any Error>
    private typealias Registrant = UnsafeContinuation<RowRegistration.Answer, any Error>

    private struct Batch: Sendable {
        /// Lines together; a long one, which is not worth copying, by itself.
        private(set) var lines: [[UInt8]] = []
        private(set) var size = 0
        var changes: [StateChange] = []
        private(set) var pages: [PageRecord] = []
        /// In the order of the input, without a gap.
        var registrations: [(row: RowRegistration, registrant: Registrant)] = []
        var waiters: [Waiter] = []

        var isEmpty: Bool {
            lines.isEmpty && pages.isEmpty && changes.isEmpty && registrations.isEmpty && waiters.isEmpty
        }
        /// Somebody stands still until it is committed.
        var isUrgent: Bool { !registrations.isEmpty || !waiters.isEmpty }

        mutating func append(_ page: PageRecord) {
            pages.append(page)
            size += page.items.count
        }

        mutating func append(_ line: [UInt8]) {
            size += line.count
            if let last = lines.indices.last, line.count < Ledger.longLine, lines[last].count < Ledger.largeBatch {
                lines[last].append(contentsOf: line)
            } else {
                lines.append(line)
            }
        }
    }

    private struct State {
        var batch = Batch()
        /// Rows that came before an earlier row of the input, by number.
        var early: [Int: (row: RowRegistration, registrant: Registrant)] = [:]
        var nextRow = 1
        var closed = false
        var failure: (any Error)?
        /// `run()`, while it has nothing to do.
        var idle: UnsafeContinuation<Void, Never>?
        /// Runs from the first result of a batch until the batch is due or taken; `nil` while it is being made.
        var timer: (any ScheduledTimer)?
        var isArmed = false
        /// The number of the timer that counts: one that was to be cancelled may fire all the same.
        var generation: UInt64 = 0
        var due = false

        var isReady: Bool { due || closed || batch.isUrgent || batch.size > Ledger.largeBatch }
    }

    private let state = Guarded(State())
    let store: any BatchStore
    private let output: any ResultOutput
    private let clock: any TimerClock
    private let interval: Duration

    /// - Parameter interval: How long results may come together before they are committed, if nobody waits.
    init(
        store: any BatchStore, output: any ResultOutput, interval: Duration = .milliseconds(5),
        clock: any TimerClock = .monotonic
    ) {
        self.store = store
        self.output = output
        self.interval = interval
        self.clock = clock
    }

    /// Hands in the result of a finished row. Returns at once, unless the disk is far behind.
    ///
    /// - Parameter hadPages: Whether pages of it are kept, which are dropped now.
    func finish(_ key: String, as outcome: RowState, line: [UInt8], hadPages: Bool = false) async throws {
        let full = try submit { batch in
            batch.append(line)
            batch.changes.append(StateChange(key: key, state: outcome, dropsPages: hadPages))
            return batch.size > Self.backlog
        }
        if full { try await flush() }
    }

    /// Hands in a page of a row that has more of them. It is kept before the state of its row changes, so that a row that is
    /// no longer under way has the page that says so.
    ///
    /// A page whose successor has a secret in its URL is not kept: after a crash its row begins anew, and one that must not
    /// be repeated stays under way, so that it ends with its outcome unknown.
    func keep(_ page: PageRecord, isRepeatable: Bool, hasSecrets: Bool = false) async throws {
        let full = try submit { batch in
            guard !hasSecrets, URLSecrets.masked(page.next) == page.next else { return false }
            batch.append(page)
            if !isRepeatable { batch.changes.append(StateChange(key: page.key, state: .pending)) }
            return batch.size > Self.backlog
        }
        if full { try await flush() }
    }

    /// Hands in the result of a row that the store does not know.
    func append(line: [UInt8]) async throws {
        let full = try submit { batch in
            batch.append(line)
            return batch.size > Self.backlog
        }
        if full { try await flush() }
    }

    /// Writes a state down without waiting.
    func note(_ key: String, _ rowState: RowState) throws {
        _ = try submit { batch in
            batch.changes.append(StateChange(key: key, state: rowState))
            return false
        }
    }

    /// Writes a state down and returns when it is committed.
    func mark(_ key: String, _ rowState: RowState) async throws {
        try note(key, rowState)
        try await flush()
    }

    /// Enters row `number` of an input that can't be read ahead.
    ///
    /// Workers come here in any order, but rows are entered in that of the input: of two rows with one id the later one
    /// is the duplicate. Every row must be entered, from 1, or later ones wait for ever.
    func register(_ row: RowRegistration, number: Int) async throws -> RowRegistration.Answer {
        try await withUnsafeThrowingContinuation { registrant in
            join { state in
                state.early[number] = (row, registrant)
                while let next = state.early.removeValue(forKey: state.nextRow) {
                    state.batch.registrations.append(next)
                    state.nextRow += 1
                }
            } orFail: {
                registrant.resume(throwing: $0)
            }
        }
    }

    /// Returns when everything handed in so far is committed.
    func flush() async throws {
        try await withUnsafeThrowingContinuation { (waiter: Waiter) in
            join {
                $0.batch.waiters.append(waiter)
            } orFail: {
                waiter.resume(throwing: $0)
            }
        }
    }

    /// Lets ``run()`` return once everything handed in is committed.
    func close() {
        let idle = state.withLock { state in
            state.closed = true
            return Self.takeIdle(&state)
        }
        idle?.resume()
    }

    /// Commits until ``close()``.
    ///
    /// Cancellation is not observed: what was handed in is committed, whatever happens to the run.
    /// - Throws: The first error of the output or the store; everybody who waits, or hands in later, gets it too.
    func run() async throws {
        while let batch = await nextBatch() {
            do {
                try await commit(batch)
            } catch {
                let late = state.withLock { state in
                    state.failure = error
                    defer { (state.batch, state.early) = (Batch(), [:]) }
                    state.batch.registrations += state.early.values
                    return state.batch
                }
                for batch in [batch, late] {
                    for waiter in batch.waiters { waiter.resume(throwing: error) }
                    for registration in batch.registrations { registration.registrant.resume(throwing: error) }
                }
                throw error
            }
        }
    }

    private func commit(_ batch: Batch) async throws {
        var answers: [RowRegistration.Answer] = []
        if !batch.registrations.isEmpty { answers = try await store.register(batch.registrations.map(\.row)) }
        if !batch.pages.isEmpty { try await store.keep(batch.pages) }
        for lines in batch.lines { try output.append(lines) }
        if !batch.changes.isEmpty || !batch.lines.isEmpty {
            try await store.commit(batch.changes, outputLength: output.length)
        }
        for (registration, answer) in zip(batch.registrations, answers) {
            registration.registrant.resume(returning: answer)
        }
        for waiter in batch.waiters { waiter.resume() }
    }

    private func nextBatch() async -> Batch? {
        while true {
            let (batch, timer, closed) = state.withLock { state -> (Batch?, (any ScheduledTimer)?, Bool) in
                guard state.isReady else { return (nil, nil, false) }
                defer {
                    state.batch = Batch()
                    state.timer = nil
                    state.isArmed = false
                    state.due = false
                }
                return (state.batch, state.timer, state.closed)
            }
            timer?.cancel()
            if let batch, !batch.isEmpty { return batch }
            if closed { return nil }
            await idle()
        }
    }

    private func idle() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let ready = state.withLock { state in
                if state.isReady { return true }
                state.idle = continuation
                return false
            }
            if ready { continuation.resume() }
        }
    }

    /// Lets results come together for an interval, counted from the first one.
    private func armTimer() {
        let generation = state.withLock { state -> UInt64? in
            guard !state.isArmed, !state.due, !state.batch.isEmpty else { return nil }
            state.isArmed = true
            state.generation += 1
            return state.generation
        }
        guard let generation else { return }
        let timer = clock.schedule(at: clock.now.advanced(by: interval)) { self.timerFired(generation) }
        let superfluous = state.withLock { state in
            // Since the lock was given up, it may have fired, or the batch may have been taken.
            guard state.isArmed, state.generation == generation else { return true }
            state.timer = timer
            return false
        }
        if superfluous { timer.cancel() }
    }

    private func timerFired(_ generation: UInt64) {
        let idle = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            guard state.isArmed, state.generation == generation else { return nil }
            state.due = true
            state.isArmed = false
            state.timer = nil
            return Self.takeIdle(&state)
        }
        idle?.resume()
    }

    /// Takes what must be woken; to be resumed outside the lock.
    private static func takeIdle(_ state: inout State) -> UnsafeContinuation<Void, Never>? {
        defer { state.idle = nil }
        return state.idle
    }

    private func submit(_ change: (inout Batch) -> Bool) throws -> Bool {
        let (result, wake) = try state.withLock { state in
            if let failure = state.failure { throw failure }
            let result = change(&state.batch)
            return (result, state.isReady ? Self.takeIdle(&state) : nil)
        }
        wake?.resume()
        armTimer()
        return result
    }

    private func join(_ change: (inout State) -> Void, orFail fail: (any Error) -> Void) {
        let (wake, failure) = state.withLock { state -> (UnsafeContinuation<Void, Never>?, (any Error)?) in
            if let failure = state.failure { return (nil, failure) }
            change(&state)
            return (state.isReady ? Self.takeIdle(&state) : nil, nil)
        }
        wake?.resume()
        if let failure { fail(failure) }
    }
}
#endif
