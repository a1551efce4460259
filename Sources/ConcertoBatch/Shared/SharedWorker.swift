#if Batch
package import Concerto
import ConcertoHTTP

/// Works on the runs of a shared store: leases chunks, makes their calls, flushes what came of them.
package final class SharedWorker: Sendable {
    private struct State {
        var isStopped = false
        var session: SharedSession?
    }

    private let store: any SharedStore
    private let name: SharedWorkerName
    private let only: String?
    private let lease: Duration
    private let exitsWhenIdle: Bool
    private let clock: any TimerClock
    private let options: @Sendable (SharedRunOptions) throws -> BatchOptions
    private let notice: @Sendable (String) -> Void
    private let state = Guarded(State())
    private let stopped = AsyncAutoResetEvent(name: "SharedWorker")

    /// - Parameters:
    ///   - store: Where the runs are.
    ///   - name: Of this start of this process.
    ///   - only: The run to work on; `nil` for all, by priority.
    ///   - lease: How long a chunk stays with a worker that is not heard of.
    ///   - exitsWhenIdle: Whether ``run()`` returns when no run is open.
    ///   - options: Makes a run's options, with what is this machine's own.
    ///   - notice: Hears what somebody should know.
    package init(
        store: any SharedStore, name: SharedWorkerName, only: String? = nil, lease: Duration = .seconds(30),
        exitsWhenIdle: Bool, clock: any TimerClock = .monotonic,
        options: @escaping @Sendable (SharedRunOptions) throws -> BatchOptions,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.store, self.name, self.only, self.lease) = (store, name, only, lease)
        (self.exitsWhenIdle, self.clock, self.options, self.notice) = (exitsWhenIdle, clock, options, notice)
    }

    /// Works until ``stop(grace:)`` or, if it is to, until no run is open.
    ///
    /// - Throws: ``BatchError``; chunks that are held then are another worker's when their lease has ended.
    package func run() async throws {
        while !state.withLock({ $0.isStopped }) {
            do {
                if try await workOnce() { continue }
                if exitsWhenIdle, try await !isAnyOpen() { return }
            } catch let away as SharedStoreAway {
                notice("the store is away: \(away.description)")
            }
            // Not all at the same moment.
            let pause = ChunkFeed.poll * Double.random(in: 0.8...1.2)
            if try await stopped.wait(timeout: pause, clock: clock) { return }
        }
    }

    /// Stops: no new calls, those under way finish within `grace`, everything else is given back. Returns at once.
    package func stop(grace: Duration) {
        let session = state.withLock { state in
            state.isStopped = true
            return state.session
        }
        stopped.set()
        session?.stop(grace: grace)
    }

    private func candidates() async throws -> [SharedRun] {
        let runs = try await store.runs()
        guard let only else { return runs.filter { $0.state == .open } }
        guard let run = runs.first(where: { $0.name == only }) else {
            throw BatchError.configuration("the store has no run '\(only)'")
        }
        return run.state == .open ? [run] : []
    }

    private func isAnyOpen() async throws -> Bool {
        for run in try await candidates() where try await store.finishIfDone(run) == .open { return true }
        return false
    }

    /// Works on the first run that has something to do, for as long as it has.
    ///
    /// - Returns: Whether there was one.
    private func workOnce() async throws -> Bool {
        for run in try await candidates() {
            // What this machine can't do is found before anything is leased.
            let description = try SharedRunOptions(run)
            let options = try self.options(description)
            _ = try description.callRates()
            let asked = clock.now
            guard let claim = try await store.claim(run, for: name, lease: lease) else {
                _ = try await store.finishIfDone(run)
                continue
            }
            let session: SharedSession
            do {
                session = try await SharedSession.open(
                    store: store, run: run, worker: name, lease: lease, description: description,
                    options: options, clock: clock, notice: notice)
            } catch {
                try? await giveBack(claim, of: run)
                throw error
            }
            let isStopped = state.withLock { state in
                state.session = session
                return state.isStopped
            }
            if isStopped { session.stop(grace: .zero) }
            defer { state.withLock { $0.session = nil } }
            try await session.work(from: claim, asked: asked)
            _ = try await store.finishIfDone(run)
            return true
        }
        return false
    }
}

extension SharedWorker {
    /// Lets others have a chunk of which nothing was done.
    private func giveBack(_ claim: ChunkClaim, of run: SharedRun) async throws {
        var flush = ChunkFlush(worker: name, sequence: 1, lease: lease)
        var chunk = ChunkFlush.Chunk(number: claim.chunk, fence: claim.fence)
        chunk.end = .released
        flush.chunks = [chunk]
        _ = try await store.flush(flush, of: run)
    }
}

/// One worker's time with one run: the crew, the row's way and the statistics are those of a run on one machine.
final class SharedSession: Sendable {
    private let feed: ChunkFeed
    private let journal: ChunkJournal
    private let crew: WorkerCrew
    private let clock: any TimerClock
    private let shutdown: @Sendable () async throws -> Void
    private let ending: SessionEnding
    private let tokens: TokenKeeper?
    private let limits: SharedLimits?
    private let pauses: SharedPauses

    /// Opens what the calls need, a token too.
    ///
    /// - Throws: ``BatchError``; nothing is left open then.
    static func open(
        store: any SharedStore, run: SharedRun, worker: SharedWorkerName, lease: Duration,
        description: SharedRunOptions, options: BatchOptions, clock: any TimerClock,
        notice: @escaping @Sendable (String) -> Void
    ) async throws -> SharedSession {
        let (transport, shutdown) = try HTTPClientFactory.make(options)
        do {
            let tokens = try options.token.map { try TokenKeeper($0, transport: transport, clock: clock) }
            _ = try await tokens?.ready()
            return try SharedSession(
                store: store, run: run, worker: worker, lease: lease, description: description, options: options,
                clock: clock, transport: tokens.map { TokenTransport(base: transport, keeper: $0) } ?? transport,
                tokens: tokens, shutdown: shutdown, notice: notice)
        } catch {
            try? await shutdown()
            throw error
        }
    }

    private init(
        store: any SharedStore, run: SharedRun, worker: SharedWorkerName, lease: Duration,
        description: SharedRunOptions, options: BatchOptions, clock: any TimerClock, transport: any HTTPTransport,
        tokens: TokenKeeper?, shutdown: @escaping @Sendable () async throws -> Void,
        notice: @escaping @Sendable (String) -> Void
    ) throws {
        let ending = SessionEnding()
        let pauses = SharedPauses(clock: clock)
        let journal = ChunkJournal(
            store: store, run: run, worker: worker, lease: lease, clock: clock, pauses: pauses, notice: notice,
            ended: { ending.begin() })
        let feed = ChunkFeed(
            store: store, run: run, worker: worker, lease: lease, journal: journal,
            rows: try SharedRowReader(options, columns: description.columns), options: options, clock: clock)
        var clientOptions = options.clientOptions(clock: clock)
        let rates = try description.callRates()
        let limits = rates.isEmpty ? nil : SharedLimits(rates, of: run, in: store, clock: clock)
        clientOptions.limits = limits
        let client = try ResilientHTTPClient(transport: transport, options: clientOptions)
        pauses.watch(client)
        let parts = BatchRun.Parts(
            options: options, clock: clock, client: client, journal: journal, statistics: RunStatistics(),
            answers: AnswerRoom(bytes: options.memory / 2), notices: Notices(tell: notice),
            runID: description.identity, tokens: tokens,
            form: options.formFields.isEmpty ? nil : try FormBody(options.formFields, in: options.template),
            steps: try StepMaker(options, parser: try RowParser(options)),
            equals: options.joinsEqualCalls ? EqualCalls(room: options.memory / 8) : nil,
            pages: AnswerRoom(bytes: options.memory / 4))
        let runner = RowRunner(parts: parts, known: KnownRows(), registers: false, start: clock.now) { _, _ in }
        let crew = WorkerCrew(slots: options.concurrency, limit: .max) { crew, number in
            do {
                try await runner.work(crew, number, feed)
            } catch {
                ending.begin(because: error)
            }
        }
        ending.set {
            feed.close()
            crew.drain()
        }
        (self.feed, self.journal, self.crew, self.clock) = (feed, journal, crew, clock)
        (self.shutdown, self.ending, self.tokens) = (shutdown, ending, tokens)
        (self.limits, self.pauses) = (limits, pauses)
    }

    /// Works on this chunk, and on others for as long as there are some.
    func work(from claim: ChunkClaim, asked: TimerInstant) async throws {
        _ = journal.hold(claim, asked: asked)
        // Tasks of their own: what was handed in is flushed also when this task is cancelled.
        let flushes = Task { try await journal.run() }
        let rows = Task { try await feed.run() }
        await withTaskCancellationHandler {
            await crew.run()
        } onCancel: {
            journal.end()
            feed.close()
            crew.cancelAll()
        }
        feed.close()
        rows.cancel()
        // First: a chunk that is being leased at this moment is given back with the others.
        let fed = await rows.result
        journal.close()
        let flushed = await flushes.result
        ending.set {}
        tokens?.close()
        limits?.close()
        pauses.watch(nil)
        try await shutdown()
        try flushed.get()
        if let failure = ending.failure { throw failure }
        try fed.get()
    }

    func stop(grace: Duration) {
        journal.end()
        feed.close()
        crew.drain()
        _ = clock.schedule(at: clock.now.advanced(by: grace)) { [crew] in crew.cancelAll() }
    }
}

/// What ends a session before its rows do: a store that refuses, a run that is not open any more. Holds the crew, which
/// holds the journal, which tells this; the session cuts that circle when it has ended.
private final class SessionEnding: Sendable {
    private struct State {
        var action: @Sendable () -> Void = {}
        var failure: (any Error)?
    }

    private let state = Guarded(State())

    var failure: (any Error)? { state.withLock { $0.failure } }

    func set(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.action = action } }

    func begin(because error: (any Error)? = nil) {
        let action = state.withLock { state in
            state.failure = state.failure ?? error
            return state.action
        }
        action()
    }
}
#endif
