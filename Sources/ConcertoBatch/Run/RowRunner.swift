#if Batch
import Concerto
import ConcertoHTTP
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
    func work(_ crew: WorkerCrew, _ worker: Int, _ source: RowSource) async throws {
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
            switch try await parts.ledger.register(registration, number: item.identity.number) {
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
                known = try await parts.store.fingerprints(of: [item.identity.key])[0]
            } catch is CancellationError {
                // The run stops, perhaps because another row has changed.
                return
            }
            guard known == RowRegistration(item).fingerprint else { throw InputChanged() }
        }
        let earlier = known[item.identity.number]
        guard earlier?.isFinished != true else { return }
        switch item {
        case .failure(let row):
            try await finish(
                RowResult(
                    identity: row.identity,
                    outcome: .failed(kind: "invalid_row", message: "line \(row.identity.line): \(row.reason)"),
                    metadata: row.metadata))
        case .success(let row):
            try await run(row, wasInFlight: earlier == .inFlight, due: due(), crew, worker)
        }
    }

    private func run(
        _ row: BatchRow, wasInFlight: Bool, due: TimerInstant, _ crew: WorkerCrew, _ worker: Int
    ) async throws {
        let call = parts.options.call(for: row, runID: parts.runID)
        let isRepeatable = parts.options.repeatRule.isRepeatable(call)
        guard isRepeatable || !wasInFlight else {
            return try await finish(
                RowResult(
                    identity: row.identity,
                    outcome: .failed(
                        kind: "unknown_outcome",
                        message:
                            "an earlier run began this call and has no result of it, and \(row.method) must not be "
                            + "repeated; find out whether it took effect"),
                    metadata: row.metadata), as: .unknown, hadPages: parts.options.paging != nil)
        }
        func began() -> RowCall {
            RowCall(key: row.identity.key, isRepeatable: isRepeatable, due: due, worker: worker, crew: crew, run: parts)
        }
        var progress = began()
        defer { progress.dropAnswer() }
        var walk = try await walk(of: row)
        var page = call
        if let next = walk?.next { turn(&page, of: call, to: next, after: walk?.pages ?? 0) }
        var attempts = 0
        var result = RowResult(
            identity: row.identity, outcome: .failed(kind: "", message: ""), metadata: row.metadata)
        var failedState = RowState.failed
        do {
            while true {
                let reply = try await parts.client.execute(page, delegate: progress)
                result.outcome = .answered(reply)
                look(into: reply, &result)
                guard result.isSuccess, walk != nil else { break }
                guard let record = try walk?.take(reply, from: page.url, of: row.identity.key) else {
                    result.pages = walk?.result
                    result.json = result.pages?.items
                    break
                }
                try await parts.ledger.keep(
                    record, isRepeatable: isRepeatable,
                    hasSecrets: parts.options.substitution.isNamed(in: record.next))
                turn(&page, of: call, to: record.next, after: record.number)
                attempts += progress.measured.attempts
                progress.dropAnswer()
                progress = began()
            }
        } catch let problem as PageWalk.Problem {
            result.outcome = .failed(kind: "paging", message: problem.message)
        } catch let failure as HTTPFailure {
            result.outcome = .failed(
                kind: failure.kind.rawValue, message: parts.options.substitution.hiding(failure.description))
            if failure.mayHaveBeenSent, !isRepeatable { failedState = .unknown }
        } catch is CancellationError {
            // The run stops: the row stays as the store knows it, and a resumed run goes on with it.
            return
        }
        (result.attempts, result.latency, result.queued) = progress.measured
        result.attempts += attempts
        // Also of a row that has failed: it begins at its first page.
        try await finish(result, as: failedState, hadPages: walk != nil)
    }

    /// The row's way through its pages, behind those that an earlier run has read.
    private func walk(of row: BatchRow) async throws -> PageWalk? {
        guard let paging = parts.options.paging else { return nil }
        let isKnown = known[row.identity.number] != nil
        let records = isKnown ? try await parts.store.pages(of: row.identity.key) : []
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
        guard let rate = parts.options.rate else { return parts.clock.now }
        return start.advanced(by: rate.interval * max(0, turns.next() - parts.options.burst))
    }

    /// - Parameters:
    ///   - failedState: What the store is told if the row has failed.
    ///   - isEntered: Whether the store knows the row under its id.
    ///   - hadPages: Whether the store keeps pages of it.
    private func finish(
        _ result: RowResult, as failedState: RowState = .failed, isEntered: Bool = true, hadPages: Bool = false
    ) async throws {
        let counts = parts.statistics.finished(result)
        let line = encoder.line(for: result)
        if isEntered {
            try await parts.ledger.finish(
                result.identity.key, as: result.isSuccess ? .succeeded : failedState, line: line, hadPages: hadPages)
        } else {
            try await parts.ledger.append(line: line)
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
