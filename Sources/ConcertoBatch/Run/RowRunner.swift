#if Batch
import Concerto
import ConcertoHTTP

/// Takes rows from the source and brings each to its end.
struct RowRunner: Sendable {
    let parts: BatchRun.Parts
    /// What earlier runs did with the rows, by number; empty for a new run.
    let known: KnownRows
    /// Whether rows are entered in the store as they come: an input that can't be read twice.
    let registers: Bool
    let start: TimerInstant
    let finished: @Sendable (_ finished: Int, _ failed: Int) -> Void
    private let encoder: ResultEncoder

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
            showsHeaders: parts.options.showsHeaders, hiddenHeaders: parts.options.hiddenHeaders)
    }

    /// What one worker does: row after row, until the input ends or its slot is wanted.
    ///
    /// - Throws: An error of the input, the output or the store: the run can't go on.
    func work(_ crew: WorkerCrew, _ worker: Int, _ source: RowSource) async throws {
        while crew.continues(worker) {
            guard let item = try await source.next() else { return crew.inputEnded() }
            try await run(item, crew, worker)
            await crew.unpark(worker)
        }
    }

    private func run(_ item: RowSource.Item, _ crew: WorkerCrew, _ worker: Int) async throws {
        let due = self.due(item.identity)
        if registers,
            case .duplicate(let line) = try await parts.ledger.register(
                RowRegistration(item), number: item.identity.number)
        {
            return try await finish(
                RowResult(
                    identity: item.identity,
                    outcome: .failed(
                        kind: "duplicate_id",
                        message: "line \(item.identity.line) has the id of line \(line): '\(item.identity.key)'"),
                    metadata: item.metadata), isEntered: false)
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
            try await run(row, wasInFlight: earlier == .inFlight, due: due, crew, worker)
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
                        message: "an earlier run ended while this call was under way, and \(row.method) must not be "
                            + "repeated; find out whether it took effect"),
                    metadata: row.metadata), as: .unknown)
        }
        let progress = RowCall(
            key: row.identity.key, isRepeatable: isRepeatable, due: due, worker: worker, crew: crew, run: parts)
        var result = RowResult(
            identity: row.identity, outcome: .failed(kind: "", message: ""), metadata: row.metadata)
        var failedState = RowState.failed
        do {
            result.outcome = .answered(try await parts.client.execute(call, delegate: progress))
        } catch let failure as HTTPFailure {
            result.outcome = .failed(kind: failure.kind.rawValue, message: failure.description)
            if failure.mayHaveBeenSent, !isRepeatable { failedState = .unknown }
        } catch is CancellationError {
            // The run stops: the row stays as the store knows it, and a resumed run goes on with it.
            return
        }
        (result.attempts, result.latency, result.queued) = progress.measured
        try await finish(result, as: failedState)
    }

    /// When the row should have begun: with a rate, its turn; otherwise now. Latency is counted from there, so that a
    /// server that stalls is blamed for the calls that it kept from starting.
    private func due(_ identity: RowIdentity) -> TimerInstant {
        let now = parts.clock.now
        guard let rate = parts.options.rate else { return now }
        let turn = start.advanced(by: rate.interval * max(0, identity.number - known.count - parts.options.burst))
        return min(now, max(start, turn))
    }

    /// - Parameters:
    ///   - failedState: What the store is told if the row has failed.
    ///   - isEntered: Whether the store knows the row under its id.
    private func finish(
        _ result: RowResult, as failedState: RowState = .failed, isEntered: Bool = true
    ) async throws {
        let counts = parts.statistics.finished(result)
        let line = encoder.line(for: result)
        if isEntered {
            try await parts.ledger.finish(
                result.identity.key, as: result.isSuccess ? .succeeded : failedState, line: line)
        } else {
            try await parts.ledger.append(line: line)
        }
        finished(counts.finished, counts.failed)
    }
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
