#if Batch
/// Where a run remembers which rows it has finished.
///
/// The engine talks to the store through ``Ledger`` alone, from one task; a store need not be fast at single
/// operations, only at batches.
protocol BatchStore: Sendable {
    /// What a run was started with, as far as it changes what is sent; empty for a new store.
    func options() async throws -> [String: String]

    /// Writes down what a run is started with, once, when the store is new.
    func setOptions(_ options: [String: String]) async throws

    /// The run's identity: the same after every resume.
    var runID: String { get }

    /// What fingerprints are made with: drawn once for each store.
    var key: SipHash.Key { get }

    /// Enters rows that the input holds, in order, all or none.
    ///
    /// - Returns: For each what the store knew before.
    func register(_ rows: [RowRegistration]) async throws -> [RowRegistration.Answer]

    /// Does all `changes` and sets the length of the output that belongs to them, all or nothing.
    func commit(_ changes: [StateChange], outputLength: Int64) async throws

    /// Keeps pages of rows that are not finished; a finished row's are dropped by ``commit(_:outputLength:)``.
    func keep(_ pages: [PageRecord]) async throws

    /// The pages of a row that were kept, in order.
    func pages(of key: String) async throws -> [PageRecord]

    /// The length of the output, in bytes, up to which every line belongs to a finished row.
    func outputLength() async throws -> Int64

    /// The states of rows, `nil` for unknown ones.
    func states(of keys: [String]) async throws -> [RowState?]

    /// The lines of the input where rows begin, `nil` for unknown ones.
    func lines(of keys: [String]) async throws -> [Int?]

    /// What rows were when they were entered, `nil` for unknown ones.
    func fingerprints(of keys: [String]) async throws -> [RowFingerprint?]

    /// Rows that are finished.
    func finishedRows() async throws -> Int

    /// Notes that the output has lines of these rows, for ``reopenUnseen(outputLength:)``.
    ///
    /// - Returns: Whether each is a row of the store and had not been noted before.
    func markSeen(_ keys: [String]) async throws -> [Bool]

    /// Makes rows that are finished but were not noted rows in flight: they were called once, or failed, and nothing tells
    /// how it ended any more. Sets the length of the output to the one that has been read.
    ///
    /// - Returns: How many they were.
    func reopenUnseen(outputLength: Int64) async throws -> Int

    /// Accepts the rows that were entered since the store was opened. Without it, the next opening forgets those among
    /// them that are new: an input that was refused leaves no trace.
    func acceptRows() async throws

    /// An unfinished row that the input no longer holds, if there is one.
    func vanishedRow() async throws -> (key: String, line: Int)?

    /// Makes failed rows pending again; `outputLength` is the length of an output without their lines.
    ///
    /// The output is still the old one. Until ``outputIsRewritten()`` the store answers ``awaitsRewrite()`` with
    /// `true`: a crash in between can be made good.
    func forgetFailures(includingUnknown: Bool, outputLength: Int64) async throws

    /// Whether the output still has to be replaced by the one without the lines of forgotten failures.
    func awaitsRewrite() async throws -> Bool

    /// Says that the output has been replaced.
    func outputIsRewritten() async throws

    /// Closes the store; nothing may be called afterwards.
    func close() async throws
}

/// What a store knows of a row.
package enum RowState: Int, Sendable {
    /// To be called.
    case pending = 0
    /// A call that must not be repeated may be on its way.
    case inFlight = 1
    case succeeded = 2
    case failed = 3
    /// Failed, and the server may have done it all the same: not to be repeated, unless everything may be.
    case unknown = 4

    var isFinished: Bool { rawValue >= RowState.succeeded.rawValue }
    var isFailure: Bool { self == .failed || self == .unknown }
}

/// A new state of a row.
struct StateChange: Sendable {
    var key: String
    var state: RowState
    /// Whether pages of it are kept that nobody needs any more.
    var dropsPages = false
}

/// A row that the input holds.
struct RowRegistration: Sendable {
    enum Answer: Sendable {
        case new
        /// Seen before in this pass over the input, on that line.
        case duplicate(line: Int)
        /// Known from an earlier pass.
        case known(state: RowState, line: Int, fingerprint: RowFingerprint)
    }

    var key: String
    var line: Int
    var fingerprint: RowFingerprint

    init(_ item: Result<BatchRow, InvalidRow>) {
        switch item {
        case .success(let row): self.init(row.identity, row.fingerprint)
        case .failure(let row): self.init(row.identity, row.fingerprint)
        }
    }

    init(_ identity: RowIdentity, _ fingerprint: RowFingerprint) {
        key = identity.key
        line = identity.line
        self.fingerprint = fingerprint
    }
}
#endif
