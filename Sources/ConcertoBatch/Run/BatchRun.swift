#if Batch
public import Concerto
public import ConcertoHTTP
import Foundation

/// One run of a batch: reads rows, makes their calls, writes their results, and remembers what it has finished.
///
/// ```swift
/// var options = BatchOptions()
/// options.input = "calls.ndjson"
/// options.output = "results.ndjson"
/// let summary = try await BatchRun(options).run()
/// ```
///
/// - Ordering: rows begin in the order of the input; results are written in the order of completion.
/// - Memory: rows and answers within ``BatchOptions/memory``, whatever the input's length; a resumed run adds one byte a
///   row.
public final class BatchRun: Sendable {
    /// What the parts of a run share.
    struct Parts: Sendable {
        var options: BatchOptions
        var clock: any TimerClock
        var client: ResilientHTTPClient
        var journal: any RowJournal
        var statistics: RunStatistics
        var answers: AnswerRoom
        var notices: Notices
        var runID: String
        /// Holds the token that all calls carry; `nil` without one.
        var tokens: TokenKeeper?
        /// Where bodies go; `nil` for into the results.
        var save: SaveTarget?
        /// What the body of each row's call is made of; `nil` for what its row says.
        var form: FormBody?
        /// Makes the calls that follow on a row's own.
        var steps: StepMaker
        /// Calls that several rows make; `nil` if each makes its own.
        var equals: EqualCalls?
        /// Room for rows that come in pages, which hold what they have until they are read to their end.
        var pages: AnswerRoom
    }

    private enum Phase {
        case idle
        case planning
        case running(WorkerCrew, RowSource)
        case ended
    }

    private struct State {
        var phase = Phase.idle
        var stop: BatchSummary.Ending?
        var failure: (any Error)?
        var started: TimerInstant?
        var client: ResilientHTTPClient?
    }

    private let options: BatchOptions
    private let transport: (any HTTPTransport)?
    private let clock: any TimerClock
    private let wallClock: @Sendable () -> Date
    private let statistics = RunStatistics()
    private let notices: Notices
    private let state = Guarded(State())

    /// Creates a run.
    ///
    /// - Parameters:
    ///   - options: How it runs.
    ///   - transport: What sends the calls; `nil` for AsyncHTTPClient as the options want it.
    ///   - clock: Measures all time but the store's, and a token's life.
    /// - Throws: ``BatchError`` that names every option that makes no sense.
    public convenience init(
        _ options: BatchOptions, transport: (any HTTPTransport)? = nil, clock: any TimerClock = .monotonic
    ) throws {
        try self.init(options, transport: transport, clock: clock, wallClock: { Date() })
    }

    /// - Parameter wallClock: What tells when a token is old.
    init(
        _ options: BatchOptions, transport: (any HTTPTransport)?, clock: any TimerClock,
        wallClock: @escaping @Sendable () -> Date
    ) throws {
        let problems = options.problems
        guard problems.isEmpty else { throw BatchError.configuration(problems.joined(separator: "; ")) }
        self.options = options
        self.transport = transport
        self.clock = clock
        self.wallClock = wallClock
        notices = Notices(tell: options.notice)
    }

    /// How far the run is. Costs a lock; may be asked for at any time.
    public var progress: BatchProgress {
        let now = clock.now
        let (client, started) = state.withLock { ($0.client, $0.started) }
        return statistics.progress(
            hosts: client?.hostStatistics ?? [:], elapsed: started?.duration(to: now) ?? .zero, now: now)
    }

    /// The run as a page, from its end on; `nil` before, and without ``BatchOptions/keepsTimeline``.
    public func report(_ summary: BatchSummary) -> RunReport? {
        statistics.timeline.map { timeline in
            let title = options.input.map { "Batch \(URL(fileURLWithPath: $0).lastPathComponent)" } ?? "Batch"
            return RunReport(summary: summary, timeline: timeline, title: title)
        }
    }

    /// Runs to the end. May be called once.
    ///
    /// - Cancellation: stops the calls under way; what has finished is in the output and in the store.
    /// - Throws: ``BatchError``.
    /// - Returns: What happened, also when the run was stopped or gave up.
    public func run() async throws -> BatchSummary {
        let isFirst = state.withLock { state in
            guard case .idle = state.phase else { return false }
            state.phase = .planning
            return true
        }
        demand(isFirst, "a BatchRun can run once only")
        let workspace: BatchWorkspace
        do {
            workspace = try await BatchWorkspace.open(options, watch: watch)
        } catch is CancellationError where !Task.isCancelled {
            return statistics.summary(.interrupted, hosts: [:], elapsed: .zero)
        }
        let result: Result<BatchSummary, any Error>
        do {
            result = .success(try await call(in: workspace))
        } catch {
            result = .failure(error)
        }
        do {
            if (try? result.get()) != nil { try await workspace.finish() } else { workspace.removeTemporary() }
            try await workspace.close()
        } catch  where (try? result.get()) != nil { throw error }
        // A run that called nothing has left nothing that could be gone on with.
        if case .failure(let error as BatchError) = result, error.kind == .configuration,
            options.existing != .resume, statistics.finishedRows == 0
        {
            workspace.removeFiles()
        }
        return try result.get()
    }

    /// What the planning of this run looks at and tells.
    private var watch: BatchWorkspace.Watch {
        BatchWorkspace.Watch(
            isStopped: { self.state.withLock { $0.stop != nil } },
            progress: { [statistics] in statistics.planned($0) },
            notice: { [notices] in notices.say(.lostText, $0) })
    }

    /// Stops: no new calls, those under way finish within `grace`, rows that wait stay unfinished. Returns at once; the
    /// run ends when it has stopped.
    public func stop(grace: Duration) {
        stop(.interrupted)
        _ = clock.schedule(at: clock.now.advanced(by: grace)) { self.crew?.cancelAll() }
    }

    private var crew: WorkerCrew? {
        state.withLock { if case .running(let crew, _) = $0.phase { crew } else { nil } }
    }

    /// Begins to stop, for the first reason that comes.
    private func stop(_ ending: BatchSummary.Ending, failure: (any Error)? = nil) {
        let running = state.withLock { state -> (WorkerCrew, RowSource)? in
            if state.stop == nil { state.stop = ending }
            if state.failure == nil { state.failure = failure }
            guard case .running(let crew, let source) = state.phase else { return nil }
            return (crew, source)
        }
        guard let (crew, source) = running else { return }
        source.close()
        crew.drain()
    }

    private func call(in workspace: BatchWorkspace) async throws -> BatchSummary {
        var transport: any HTTPTransport
        var shutdown: (@Sendable () async throws -> Void)?
        if let given = self.transport {
            transport = given
        } else {
            (transport, shutdown) = try HTTPClientFactory.make(options)
        }
        var tokens: TokenKeeper?
        if let source = options.token {
            let keeper = try TokenKeeper(source, transport: transport, clock: clock, wallClock: wallClock)
            do {
                _ = try await keeper.ready()
            } catch {
                try? await shutdown?()
                throw error
            }
            tokens = keeper
            transport = TokenTransport(base: transport, keeper: keeper)
        }
        defer { tokens?.close() }
        let client = try ResilientHTTPClient(transport: transport, options: options.clientOptions(clock: clock))
        // Pages have a room of their own: a row that holds some must not wait for others that do.
        let room = options.paging == nil ? options.memory / 2 : options.memory / 4
        let parts = Parts(
            options: options, clock: clock, client: client, journal: workspace.ledger, statistics: statistics,
            answers: AnswerRoom(bytes: room), notices: notices,
            runID: workspace.runID, tokens: tokens, save: try options.save.map { try SaveTarget($0) },
            form: options.formFields.isEmpty ? nil : try FormBody(options.formFields, in: options.template),
            steps: try StepMaker(options, parser: try RowParser(options)),
            equals: options.joinsEqualCalls ? EqualCalls(room: options.memory / 8) : nil,
            pages: AnswerRoom(bytes: room))
        let source = workspace.rows(room: options.memory / 2, share: 2 * options.concurrency)
        let start = clock.now
        let runner = RowRunner(
            parts: parts, known: workspace.known, registers: !workspace.isPlanned, start: start
        ) { finished, failed in
            guard self.options.maxFailures?.isExceeded(failed: failed, finished: finished) == true else { return }
            self.stop(.tooManyFailures)
        }
        // What bounds the number of workers is the room for their rows.
        let crew = WorkerCrew(slots: options.concurrency, limit: .max) { crew, worker in
            do {
                try await runner.work(crew, worker, source)
            } catch is RowRunner.InputChanged {
                self.stop(.inputChanged)
            } catch {
                self.stop(.interrupted, failure: error)
            }
        }
        statistics.begin(
            total: workspace.sample.map { $0.count + workspace.known.finished } ?? workspace.total,
            known: workspace.known, lostResults: workspace.lostResults)
        if options.keepsTimeline { statistics.keepTimeline(from: start) }
        let stopped = state.withLock { state in
            state.client = client
            state.started = start
            state.phase = .running(crew, source)
            return state.stop != nil
        }
        // Stopped while the input was still being read: the crew comes to its end at once.
        if stopped {
            source.close()
            crew.drain()
        }
        let failure = await makeCalls(crew, workspace.ledger)
        try await shutdown?()
        var summary = try end(client, failure: failure, elapsed: start.duration(to: clock.now))
        if let total = workspace.total, workspace.sample != nil {
            let rows = total - workspace.known.finished
            summary.project(rows, under: options, hosts: client.hostStatistics.count)
            let left = rows - summary.succeeded - summary.failed
            if summary.ending == .completed, left > 0 {
                summary.ending = .sampled
                summary.unfinished = left
            }
        }
        if summary.ending == .completed, !workspace.isPlanned, source.rows == 0 {
            throw BatchError.configuration("\(workspace.inputName) holds no rows")
        }
        return summary
    }

    /// Runs the workers and, beside them, the ledger, which outlives them.
    ///
    /// The ledger's task is its own: what was handed in is committed also when the run's task is cancelled, which the
    /// database's functions would take as a wish to roll back.
    private func makeCalls(_ crew: WorkerCrew, _ ledger: Ledger) async -> (any Error)? {
        let commits = Task {
            do {
                try await ledger.run()
                return nil as (any Error)?
            } catch {
                self.stop(.interrupted, failure: error)
                return error
            }
        }
        await withTaskCancellationHandler {
            await crew.run()
        } onCancel: {
            self.stop(.interrupted)
            crew.cancelAll()
        }
        ledger.close()
        return await commits.value
    }

    private func end(
        _ client: ResilientHTTPClient, failure: (any Error)?, elapsed: Duration
    ) throws -> BatchSummary {
        let (stop, earlier) = state.withLock { state in
            state.phase = .ended
            return (state.stop, state.failure)
        }
        if let failure = failure ?? earlier { throw failure }
        var summary = statistics.summary(stop ?? .completed, hosts: client.hostStatistics, elapsed: elapsed)
        summary.maximumBody = options.maxBody
        summary.followedRedirects = options.followsRedirects
        // Rows that were there when the input was checked never came.
        if summary.ending == .completed, summary.unfinished ?? 0 > 0 { summary.ending = .inputChanged }
        return summary
    }
}

/// Tells each thing once.
final class Notices: Sendable {
    enum Kind: Hashable { case lostText }

    private let told = Guarded<Set<Kind>>([])
    private let tell: (@Sendable (String) -> Void)?

    init(tell: (@Sendable (String) -> Void)?) { self.tell = tell }

    func say(_ kind: Kind, _ text: String) {
        guard let tell, told.withLock({ $0.insert(kind).inserted }) else { return }
        tell(text)
    }
}
#endif
