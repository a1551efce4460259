#if Batch
/// Where the workers of a run write down what becomes of its rows.
protocol RowJournal: Sendable {
    /// Enters row `number` of an input that can't be read ahead; see ``Ledger/register(_:number:)``.
    func register(_ row: RowRegistration, number: Int) async throws -> RowRegistration.Answer

    /// What the row was when it was entered; `nil` if it was not.
    func fingerprint(of row: RowIdentity) async throws -> RowFingerprint?

    /// The pages of a row that an earlier run has kept, in order.
    func pages(of row: RowIdentity) async throws -> [PageRecord]

    /// Returns when the call may be sent: a row that must not be repeated is marked by then, and the mark is safe.
    ///
    /// - Throws: `CancellationError` if the row is somebody else's by now; the journal's error.
    func willCall(_ row: RowIdentity, isRepeatable: Bool) async throws

    /// Takes the mark back: the call was not sent, or refused, and may be sent again.
    func wasNotCalled(_ row: RowIdentity) throws

    /// A host has asked to be left alone: who else calls it should know.
    func hostWasRefusing()

    /// Hands in a page of a row that has more of them.
    func keep(_ page: PageRecord, of row: RowIdentity, isRepeatable: Bool, hasSecrets: Bool) async throws

    /// Hands in the result of a finished row.
    func finish(_ row: RowIdentity, as outcome: RowState, line: [UInt8], hadPages: Bool) async throws

    /// Hands in the result of a row that was not entered.
    func append(line: [UInt8]) async throws
}

extension Ledger: RowJournal {
    func fingerprint(of row: RowIdentity) async throws -> RowFingerprint? {
        try await store.fingerprints(of: [row.key])[0]
    }

    func pages(of row: RowIdentity) async throws -> [PageRecord] { try await store.pages(of: row.key) }

    func willCall(_ row: RowIdentity, isRepeatable: Bool) async throws {
        // After a crash nobody knows whether the call arrived; the mark keeps it from being sent again.
        if !isRepeatable { try await mark(row.key, .inFlight) }
    }

    func wasNotCalled(_ row: RowIdentity) throws { try note(row.key, .pending) }

    func hostWasRefusing() {}

    func keep(_ page: PageRecord, of row: RowIdentity, isRepeatable: Bool, hasSecrets: Bool) async throws {
        try await keep(page, isRepeatable: isRepeatable, hasSecrets: hasSecrets)
    }

    func finish(_ row: RowIdentity, as outcome: RowState, line: [UInt8], hadPages: Bool) async throws {
        try await finish(row.key, as: outcome, line: line, hadPages: hadPages)
    }
}
#endif
