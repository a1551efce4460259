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
    var store: any BatchStore
    var isStrict: Bool
    var isResumed: Bool

    /// - Throws: ``BatchError`` that names the lines.
    func plan(_ input: InputFile) async throws -> Plan {
        var reader = input.reader()
        var plan = Plan()
        var batch: [RowSource.Item] = []
        while let line = try reader.next() {
            guard line.contains(where: { !$0.isJSONWhitespace }) else { continue }
            plan.total += 1
            let item = parser.parse(line, number: plan.total, lineNumber: reader.lineNumber)
            if isStrict, case .failure(let row) = item {
                throw BatchError.configuration("line \(row.identity.line): \(row.reason)")
            }
            batch.append(item)
            if batch.count == Self.batchSize { try await enter(&batch, into: &plan) }
        }
        try await enter(&batch, into: &plan)
        if isResumed, let (key, line) = try await store.vanishedRow() {
            throw BatchError.store(
                "row '\(key)' (once line \(line)) is not finished and is no longer in the input; "
                    + "put it back, or start anew with --overwrite")
        }
        return plan
    }

    private func enter(_ batch: inout [RowSource.Item], into plan: inout Plan) async throws {
        let answers = try await store.register(batch.map(RowRegistration.init))
        for (item, answer) in zip(batch, answers) {
            switch answer {
            case .new:
                // Numbers index the known rows: one that is new between known ones is pending like those.
                if isResumed { plan.known.append(.pending) }
            case .duplicate(let line):
                throw BatchError.configuration(
                    "lines \(line) and \(item.identity.line) have the same id '\(item.identity.key)'; "
                        + "ids must be unique, for results are found by them")
            case .known(let state, let line, let fingerprint):
                try check(item, fingerprint, line: line)
                plan.known.append(state)
            }
        }
        batch.removeAll(keepingCapacity: true)
    }

    private func check(_ item: RowSource.Item, _ known: RowFingerprint, line: Int) throws {
        let differences = RowRegistration(item).fingerprint.differences(from: known)
        guard !differences.isEmpty else { return }
        throw BatchError.store(
            "row '\(item.identity.key)' on line \(item.identity.line) is not the row of the earlier run (line \(line)): "
                + "its \(differences.joined(separator: ", ")) changed; give it a new id, or start anew with --overwrite"
        )
    }
}
#endif
