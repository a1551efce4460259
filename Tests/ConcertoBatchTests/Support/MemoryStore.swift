#if Batch
import Synchronization

@testable import ConcertoBatch

/// A store that remembers what was committed, and fails when a test wants it to.
final class MemoryStore: BatchStore {
    struct Failure: Error {}

    struct State {
        var commits: [(changes: [StateChange], outputLength: Int64)] = []
        var registered: [String] = []
        var operations = 0
    }

    private let state = Mutex(State())
    private let failsAt: Int?
    let runID = "run"
    let key = SipHash.Key.zero

    /// - Parameter failsAt: The commit or registration that fails, from 1; nothing of it is done.
    init(failsAt: Int? = nil) { self.failsAt = failsAt }

    var commits: [(changes: [StateChange], outputLength: Int64)] { state.withLock { $0.commits } }
    var registered: [String] { state.withLock { $0.registered } }

    var states: [String: RowState] {
        commits.flatMap(\.changes).reduce(into: [:]) { $0[$1.key] = $1.state }
    }

    func register(_ rows: [RowRegistration]) async throws -> [RowRegistration.Answer] {
        await Task.yield()
        return try state.withLock { state in
            try operate(&state)
            return rows.map { row in
                if let line = state.registered.firstIndex(of: row.key) { return .duplicate(line: line + 1) }
                state.registered.append(row.key)
                return .new
            }
        }
    }

    func commit(_ changes: [StateChange], outputLength: Int64) async throws {
        await Task.yield()
        try state.withLock { state in
            try operate(&state)
            state.commits.append((changes, outputLength))
        }
    }

    private func operate(_ state: inout State) throws {
        state.operations += 1
        if let failsAt, state.operations >= failsAt { throw Failure() }
    }

    func options() async throws -> [String: String] { [:] }
    func setOptions(_ options: [String: String]) async throws {}
    func outputLength() async throws -> Int64 { commits.last?.outputLength ?? 0 }
    func states(of keys: [String]) async throws -> [RowState?] { keys.map { states[$0] } }
    func fingerprints(of keys: [String]) async throws -> [RowFingerprint?] { keys.map { _ in nil } }
    func keep(_ pages: [PageRecord]) async throws {}
    func pages(of key: String) async throws -> [PageRecord] { [] }
    func lines(of keys: [String]) async throws -> [Int?] { keys.map { _ in nil } }
    func finishedRows() async throws -> Int { states.values.filter(\.isFinished).count }
    func markSeen(_ keys: [String]) async throws -> [Bool] { keys.map { _ in true } }
    func reopenUnseen(outputLength: Int64) async throws -> Int { 0 }
    func acceptRows() async throws {}
    func vanishedRow() async throws -> (key: String, line: Int)? { nil }
    func forgetFailures(includingUnknown: Bool, outputLength: Int64) async throws {}
    func awaitsRewrite() async throws -> Bool { false }
    func outputIsRewritten() async throws {}
    func close() async throws {}
}

/// An output in memory, which breaks when a test wants it to.
final class MemoryOutput: ResultOutput {
    struct Failure: Error {}

    private let written = Mutex<[UInt8]>([])
    private let capacity: Int

    init(capacity: Int = .max) { self.capacity = capacity }

    var bytes: [UInt8] { written.withLock { $0 } }
    var length: Int64 { Int64(bytes.count) }

    func append(_ lines: [UInt8]) throws {
        try written.withLock {
            guard $0.count + lines.count <= capacity else { throw Failure() }
            $0 += lines
        }
    }
}
#endif
