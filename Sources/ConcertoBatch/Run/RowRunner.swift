#if Batch
import Concerto
import ConcertoHTTP
import NIOCore
import Synchronization

/// Takes rows from the source and brings each to its end.
struct RowRunner: Sendable {
    /// The input is not the one that was checked.
    struct InputChanged: Error {}

    let parts: BatchRun.Parts
    /// What earlier runs did with the rows, by number; empty for a new run.
    let known: KnownRows
    /// Whether rows are entered in the store as they come: an input that can't be read twice.
    let registers: Bool
    let start: TimerInstant
    let finished: @Sendable (_ finished: Int, _ failed: Int) -> Void
    private let encoder: ResultEncoder
    /// Rows that have had a turn under the rate.
    private let turns = Turns()

    init(
        parts: BatchRun.Parts, known: KnownRows, registers: Bool, start: TimerInstant,
        finished: @escaping @Sendable (_ finished: Int, _ failed: Int) -> Void
    ) {
        self.parts = parts
        self.known = known
        self.registers = registers
        self.start = start
        self.finished = finished
        encoder = ResultEncoder(
            showsHeaders: parts.options.showsHeaders, secretHeaders: parts.options.secretHeaders,
            selections: parts.options.selections)
    }

    /// What one worker does: row after row, until the input ends or its slot is wanted.
    ///
    /// - Throws: An error of the input, the output or the store, or ``InputChanged``: the run can't go on.
    func work(_ crew: WorkerCrew, _ worker: Int, _ source: any RowFeed) async throws {
        var weight = 0
        var host: String?
        defer { source.putBack(weight, of: host) }
        while crew.continues(worker) {
            let returned = weight
            weight = 0
            let entry = try await source.next(returning: returned, of: host) { crew.park(worker, forInput: true) }
            guard let entry else { return crew.inputEnded() }
            (weight, host) = (entry.weight, entry.host)
            await crew.unpark(worker)
            try await run(entry, crew, worker)
            await crew.unpark(worker)
        }
    }

    private func run(_ entry: RowSource.Entry, _ crew: WorkerCrew, _ worker: Int) async throws {
        let item = entry.item
        if registers {
            let registration = RowRegistration(item)
            switch try await parts.journal.register(registration, number: item.identity.number) {
            case .duplicate(let line):
                let identity = item.identity
                let message =
                    identity.isOwn
                    ? "line \(identity.line) has the id of line \(line): '\(Visible.text(identity.key))'"
                    : identity.collision(with: line)
                return try await finish(
                    RowResult(
                        identity: identity, outcome: .failed(kind: "duplicate_id", message: message),
                        metadata: item.metadata), isEntered: false)
            // What a resumed run knows it has read before; nobody resumes with rows that come once.
            case .new, .known: break
            }
            if case .success(let row) = item, row.losesText {
                parts.notices.say(.lostText, BatchPlanner.losesText(row))
            }
        } else if entry.isSuspect {
            // Appended rows are not meant: the source ends where the input ended when it was checked.
            let known: RowFingerprint?
            do {
                known = try await parts.journal.fingerprint(of: item.identity)
            } catch is CancellationError {
                // The run stops, perhaps because another row has changed.
                return
            }
            guard known == RowRegistration(item).fingerprint else { throw InputChanged() }
        }
        let earlier = entry.earlier ?? known[item.identity.number]
        guard earlier?.isFinished != true else { return }
        switch item {
        case .failure(let row):
            try await finish(
                RowResult(
                    identity: row.identity,
                    outcome: .failed(kind: "invalid_row", message: "line \(row.identity.line): \(row.reason)"),
                    metadata: row.metadata))
        case .success(let row):
            try await run(row, wasInFlight: earlier == .inFlight, isKnown: earlier != nil, crew, worker)
        }
    }

    private func run(
        _ row: BatchRow, wasInFlight: Bool, isKnown: Bool, _ crew: WorkerCrew, _ worker: Int
    ) async throws {
        let options = parts.options
        // A row that takes the answer of another's call takes no turn of the rate.
        let due = parts.equals == nil ? self.due() : nil
        let key = row.identity.key
        var result = RowResult(
            identity: row.identity, outcome: .failed(kind: "", message: ""), host: row.host, metadata: row.metadata)
        var step: RowStep
        do {
            step = try RowStep(row, after: try await stepsMade(of: row, isKnown: isKnown), parts)
        } catch let problem as StepMaker.Problem {
            result.outcome = .failed(kind: "step", message: problem.message)
            return try await finish(result, hadPages: true)
        } catch is CancellationError {
            return
        }
        var file: String?
        do throws(SaveTarget.Problem) { file = try parts.save?.path(of: row) } catch {
            result.outcome = .failed(kind: "invalid_row", message: error.message)
            return try await finish(result)
        }
        var share = 0
        defer { parts.pages.leave(share) }
        if let form = parts.form, step.number == 0 {
            do {
                share = try await fill(&step.call, with: form, of: row, crew, worker)
            } catch let problem as FormBody.Problem {
                let message = options.substitution.hiding(problem.message)
                result.outcome = .failed(kind: "invalid_row", message: message)
                return try await finish(result)
            } catch is CancellationError {
                return
            }
        }
        if let (kind, message) = options.weigh(&step.call) {
            result.outcome = .failed(kind: kind, message: message)
            return try await finish(result, hadPages: options.paging != nil)
        }
        guard step.isRepeatable || !wasInFlight else {
            result.outcome = .failed(
                kind: "unknown_outcome",
                message:
                    "an earlier run began this call and has no result of it, and \(step.call.method) must not be "
                    + "repeated; find out whether it took effect")
            return try await finish(result, as: .unknown, hadPages: options.paging != nil)
        }
        var led: [UInt8]?
        do {
            switch try await turn(of: step.call, crew, worker) {
            case .answer(let reply, let id):
                result.outcome = .answered(reply)
                result.sameAs = id
                look(into: reply, &result)
                return try await finish(result)
            case .leads(let key): led = key
            case .alone: break
            }
        } catch is CancellationError {
            return
        }
        /// The answer that rows with the same call get too.
        var shared: HTTPReply?
        defer { if let led { parts.equals?.end(led, with: shared, of: row.identity.token) } }
        let dueTime = due ?? self.due()
        let began = parts.clock.now
        func attempt() -> RowCall {
            RowCall(row.identity, isRepeatable: step.isRepeatable, due: dueTime, worker: worker, crew: crew, run: parts)
        }
        var progress = attempt()
        defer { progress.dropAnswer() }
        var attempts = 0
        /// Before another call of the row.
        func again() {
            attempts += progress.measured.attempts
            progress.dropAnswer()
            progress = attempt()
        }
        var walk: PageWalk?
        var page = step.call
        var hasNewToken = false
        var polls = 0
        var failedState = RowState.failed
        do {
            if options.paging != nil {
                share = try await roomForPages(crew, worker)
                walk = try await self.walk(of: row, isKnown: isKnown)
                if let next = walk?.next { turn(&page, of: step.call, to: next, after: walk?.pages ?? 0) }
            }
            while true {
                let reply = try await parts.client.execute(page, delegate: progress)
                if try await isToBeAuthorizedAnew(page, reply, progress, isFirst: !hasNewToken) {
                    hasNewToken = true
                    // It has not acted.
                    if !step.isRepeatable { try parts.journal.wasNotCalled(row.identity) }
                    again()
                    continue
                }
                hasNewToken = false
                result.outcome = .answered(reply)
                if result.isAccepted, step.number < parts.steps.count {
                    let (next, record) = try step.next(after: reply, parts)
                    try await parts.journal.keep(
                        record, of: row.identity, isRepeatable: step.isRepeatable,
                        hasSecrets: holdsSecrets(record.next, row) || holdsSecrets(record.text, row))
                    step = next
                    if let (kind, message) = options.weigh(&step.call) {
                        result.outcome = .failed(kind: kind, message: message)
                        break
                    }
                    page = step.call
                    again()
                    let isPolled = options.polling != nil && step.number == parts.steps.count
                    try await rest(isPolled ? options.polling?.every : nil, reply, since: began, crew, worker)
                    continue
                }
                shared = reply
                look(into: reply, &result)
                if result.isSuccess, let polling = options.polling,
                    let open = polling.until.failure(
                        status: reply.status, body: result.json ?? ResultEncoder.json(reply))
                {
                    polls += 1
                    guard polls < polling.maximum else {
                        throw RowStop(kind: "polling", message: "not done after \(polls) calls (--max-polls): \(open)")
                    }
                    again()
                    try await rest(polling.every, reply, since: began, crew, worker)
                    continue
                }
                guard result.isSuccess, walk != nil else { break }
                guard let record = try walk?.take(reply, from: page.url, of: key) else {
                    result.pages = walk?.result
                    result.json = result.pages?.items
                    break
                }
                share = parts.pages.grown(to: walk?.size ?? 0, share: share)
                try await parts.journal.keep(
                    record, of: row.identity, isRepeatable: step.isRepeatable,
                    hasSecrets: holdsSecrets(record.next, row))
                turn(&page, of: step.call, to: record.next, after: record.number)
                again()
            }
        } catch let problem as PageWalk.Problem {
            result.outcome = .failed(kind: "paging", message: problem.message)
        } catch let problem as StepMaker.Problem {
            result.outcome = .failed(kind: "step", message: options.substitution.hiding(problem.message))
        } catch let stop as RowStop {
            result.outcome = .failed(kind: stop.kind, message: stop.message)
        } catch let failure as HTTPFailure {
            result.outcome = .failed(
                kind: failure.kind.rawValue, message: options.substitution.hiding(failure.description))
            if failure.mayHaveBeenSent, !step.isRepeatable { failedState = .unknown }
        } catch is CancellationError {
            // The run stops: the row stays as the store knows it, and a resumed run goes on with it.
            return
        }
        (result.attempts, result.latency, result.queued) = progress.measured
        result.attempts += attempts
        if let file, result.isSuccess, case .answered(let reply) = result.outcome, (200..<300).contains(reply.status) {
            if reply.isTruncated {
                result.outcome = .failed(
                    kind: "save", message: "the body is longer than --max-body (\(options.maxBody) bytes); raise it")
            } else {
                try withBlocking { try SaveTarget.write(reply.body, to: file, durable: options.durable) }
                result.file = (file, reply.body.readableBytes)
            }
        }
        // A row that has failed begins at its first page; but what a step before has made is not made twice, unless the answer
        // says that it came to nothing.
        let goesOn = step.number > 0 && !result.isSuccess && result.failure?.kind != "expectation"
        try await finish(result, as: failedState, hadPages: !goesOn && (walk != nil || step.number > 0))
    }

    /// Why a row ends without an answer of its own.
    private struct RowStop: Error {
        var kind: String
        var message: String
    }

    /// What an earlier run has made of a row's steps; `nil` for nothing.
    private func stepsMade(of row: BatchRow, isKnown: Bool) async throws -> PageRecord? {
        guard parts.steps.count > 0, isKnown else { return nil }
        return try await parts.journal.pages(of: row.identity).last
    }

    /// Whether a text that is to be kept holds what no file may hold.
    private func holdsSecrets(_ text: String, _ row: BatchRow) -> Bool {
        if parts.options.substitution.isNamed(in: text) || URLSecrets.masked(text) != text { return true }
        return row.secrets.contains { secret in
            text.contains(secret) || text.contains(String(decoding: percentEncoded(secret), as: UTF8.self))
        }
    }

    /// Waits before the next call of a row, without a slot: so long, or as long as the answer asks for.
    private func rest(
        _ time: Duration?, _ reply: HTTPReply, since began: TimerInstant, _ crew: WorkerCrew, _ worker: Int
    ) async throws {
        let wish = RetryAfter.wish(of: reply).map { min($0, parts.options.maxRetryAfter) }
        guard let wait = [time, wish].compactMap(\.self).max(), wait > .zero else { return }
        if let total = parts.options.totalTimeout, began.duration(to: parts.clock.now) + wait >= total {
            throw RowStop(kind: "timeout", message: "not done within the total time")
        }
        crew.park(worker)
        try await Task.delay(for: wait, clock: parts.clock)
        await crew.unpark(worker)
    }

    /// Waits, without a slot, until there is room for a row that comes in pages, or sends files.
    ///
    /// - Parameter bytes: How much it takes; `nil` if that is not known.
    func roomForPages(_ crew: WorkerCrew, _ worker: Int, bytes: Int? = nil) async throws -> Int {
        let pages = parts.pages
        if let share = bytes.map(pages.tryEnter(bytes:)) ?? pages.tryEnter() { return share }
        crew.park(worker)
        let share = if let bytes { try await pages.enter(bytes: bytes) } else { try await pages.enter() }
        await crew.unpark(worker)
        return share
    }

    /// Whether a call was answered with 401 and there is another token now to make it once more with.
    private func isToBeAuthorizedAnew(
        _ call: HTTPCall, _ reply: HTTPReply, _ progress: RowCall, isFirst: Bool
    ) async throws -> Bool {
        guard reply.status == 401, let tokens = parts.tokens, TokenKeeper.isCarried(by: call) else { return false }
        return try await tokens.refused(progress.token, isFirst: isFirst)
    }

    /// The row's way through its pages, behind those that an earlier run has read.
    private func walk(of row: BatchRow, isKnown: Bool) async throws -> PageWalk? {
        guard let paging = parts.options.paging else { return nil }
        let records = isKnown ? try await parts.journal.pages(of: row.identity) : []
        return PageWalk(paging, limit: parts.options.maxBody, after: records)
    }

    /// Makes the call of the next page of it: another call has another key.
    private func turn(_ page: inout HTTPCall, of call: HTTPCall, to url: String, after number: Int) {
        page.url = url
        guard parts.options.addsIdempotencyKeys else { return }
        page.headers = call.headers.map { name, value in
            (name, name.lowercased() == "idempotency-key" ? "\(value)-\(number + 1)" : value)
        }
    }

    /// Whether the answer is what was expected, and what of it is wanted.
    private func look(into reply: HTTPReply, _ result: inout RowResult) {
        let options = parts.options
        guard result.isAccepted, !options.expectations.isEmpty || !options.selections.isEmpty else { return }
        result.json = ResultEncoder.json(reply)
        for expectation in options.expectations where result.unmet == nil {
            result.unmet = expectation.failure(status: reply.status, body: result.json)
        }
    }

    /// When the row should have begun: with a rate, its turn; otherwise now. Latency is counted from there, so that a
    /// server that stalls is blamed for the calls that it kept from starting, and nobody for a turn that had not come.
    private func due() -> TimerInstant {
        let options = parts.options
        guard let rate = options.rate, options.rates.count == 1, options.rateBy == nil else { return parts.clock.now }
        return start.advanced(by: rate.interval * max(0, turns.next() - parts.options.burst))
    }

    /// - Parameters:
    ///   - failedState: What the store is told if the row has failed.
    ///   - isEntered: Whether the store knows the row under its id.
    ///   - hadPages: Whether the store keeps pages of it.
    private func finish(
        _ result: RowResult, as failedState: RowState = .failed, isEntered: Bool = true, hadPages: Bool = false
    ) async throws {
        let line = encoder.line(for: result)
        let clock = parts.clock
        let counts = parts.statistics.finished(result, bytes: line.count, host: result.host) { clock.now }
        if isEntered {
            try await parts.journal.finish(
                result.identity, as: result.isSuccess ? .succeeded : failedState, line: line, hadPages: hadPages)
        } else {
            try await parts.journal.append(line: line)
        }
        finished(counts.finished, counts.failed)
    }
}

/// Numbers rows from 1 as they come.
private final class Turns: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

extension RowSource.Item {
    var identity: RowIdentity {
        switch self {
        case .success(let row): row.identity
        case .failure(let row): row.identity
        }
    }

    var metadata: JSONText? {
        switch self {
        case .success(let row): row.metadata
        case .failure(let row): row.metadata
        }
    }
}
#endif
