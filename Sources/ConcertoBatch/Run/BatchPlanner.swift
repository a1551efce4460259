#if Batch
import Concerto

/// Reads the whole input once before the first call: finds rows with one id, rows that have changed since an earlier
/// run and, if asked to, rows that can't be read.
struct BatchPlanner {
    /// What the input holds.
    struct Plan: Sendable {
        var total = 0
        var known = KnownRows()
    }

    private static let batchSize = 1_000

    var parser: RowParser
    var shape = InputShape()
    var store: any BatchStore
    var isStrict: Bool
    var isResumed: Bool
    /// Whether somebody has asked the run to stop; the plan then ends with `CancellationError`.
    var isStopped: @Sendable () -> Bool = { false }
    /// Hears how many rows have been read.
    var progress: @Sendable (Int) -> Void = { _ in }
    /// Hears what somebody should know before the first call.
    var notice: @Sendable (String) -> Void = { _ in }

    /// - Throws: ``BatchError`` that names the lines.
    func plan(_ input: InputFile) async throws -> Plan {
        var reader = RowReader(input, shape)
        var plan = Plan()
        var batch: [RowEntry] = []
        var hasWarned = false
        while let record = try reader.next() {
            plan.total += 1
            let item = parser.parse(record, number: plan.total)
            switch item {
            case .failure(let row) where isStrict:
                throw BatchError.configuration("line \(row.identity.line): \(row.reason)")
            case .success(let row) where row.losesText && !hasWarned:
                hasWarned = true
                notice(Self.losesText(row))
            default: break
            }
            // What is asked of a row here does not need the row.
            batch.append(RowEntry(item))
            if batch.count == Self.batchSize { try await enter(&batch, into: &plan) }
        }
        try await enter(&batch, into: &plan)
        if isResumed, let (key, line) = try await store.vanishedRow() {
            throw BatchError.store(
                "row '\(Visible.text(key))' (once line \(line)) is not finished and is no longer in the input; "
                    + "put it back, or start anew with --overwrite")
        }
        guard plan.total > 0 else { throw BatchError.configuration("\(input.name) holds no rows") }
        try await store.acceptRows()
        return plan
    }

    /// What to say of a row whose URL keeps a part of itself at home.
    static func losesText(_ row: BatchRow) -> String {
        "line \(row.identity.line): what stands behind # in a URL is not sent; write %23 for the character itself"
    }

    private func enter(_ batch: inout [RowEntry], into plan: inout Plan) async throws {
        if isStopped() { throw CancellationError() }
        let answers = try await store.register(batch.map(\.registration))
        for (entry, answer) in zip(batch, answers) {
            switch answer {
            case .new:
                // Numbers index the known rows: one that is new between known ones is pending like those.
                if isResumed { plan.known.append(.pending) }
            case .duplicate(let line):
                throw BatchError.configuration(
                    entry.identity.collision(with: line) + "; ids must be unique, for results are found by them")
            case .known(let state, let line, let fingerprint):
                try check(entry, fingerprint, line: line)
                plan.known.append(state)
            }
        }
        batch.removeAll(keepingCapacity: true)
        progress(plan.total)
    }

    private func check(_ entry: RowEntry, _ known: RowFingerprint, line: Int) throws {
        let differences = entry.registration.fingerprint.differences(from: known)
        guard !differences.isEmpty else { return }
        throw BatchError.store(
            "row '\(Visible.text(entry.identity.key))' on line \(entry.identity.line) is not the row of the earlier run "
                + "(line \(line)): its \(differences.joined(separator: ", ")) changed; give it a new id, "
                + "or start anew with --overwrite")
    }
}

/// What the plan keeps of a row until a thousand have come together.
private struct RowEntry: Sendable {
    var identity: RowIdentity
    var registration: RowRegistration

    init(_ item: RowSource.Item) {
        identity = item.identity
        registration = RowRegistration(item)
    }
}
#endif
