#if Batch
import Foundation
import GRDB

/// A store in one SQLite file in WAL mode.
///
/// A commit is in the operating system's hands when it returns: a killed process loses none of it. With `durable` it is
/// on the disk: neither does a power cut.
struct SQLiteStore: BatchStore {
    static let schemaVersion = 2

    let runID: String
    let key: SipHash.Key
    private let database: DatabaseQueue
    /// What messages call the store.
    private let name: String
    /// The pass over the input that this process makes: rows of an earlier number come from earlier processes.
    private let pass: Int

    /// Opens or creates the store.
    ///
    /// - Parameter path: The file, or `nil` for a temporary store that goes with the process.
    /// - Throws: ``BatchError`` if the file is no store, or one of another version.
    init(path: String?, durable: Bool) throws {
        var configuration = Configuration()
        configuration.journalMode = path == nil ? .default : .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = \(durable ? "FULL" : "NORMAL")")
            try db.execute(sql: "PRAGMA cache_size = -8192")
        }
        do {
            name = path.map { "the store '\($0)'" } ?? "the temporary store"
            if let path { try Self.keepToOneself(path) }
            // An empty path is SQLite's own word for a temporary database on disk.
            database = try DatabaseQueue(path: path ?? "", configuration: configuration)
            (runID, key, pass) = try database.write(Self.migrate)
        } catch let error as DatabaseError {
            throw BatchError.store(
                "'\(path ?? "temporary store")' can't be used as a store: \(error.message ?? "\(error)")"
                    + Self.hint(error))
        } catch is RowDecodingError {
            throw BatchError.store("'\(path ?? "temporary store")' is damaged: a value in it is none of ours")
        }
    }

    /// Nobody else may read the store: ids stand in it, and hashes of bodies. SQLite gives its other files the same mode.
    private static func keepToOneself(_ path: String) throws {
        // What is there is not opened: closing it would drop the locks that the process may hold on it.
        guard chmod(path, 0o600) != 0, errno == ENOENT else { return }
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw BatchError.configuration("the store '\(path)' can't be written: \(SystemError(errno))")
        }
        Foundation.close(descriptor)
    }

    private static func migrate(_ db: Database) throws -> (String, SipHash.Key, Int) {
        if try db.tableExists("run") {
            let version = try Int.fetchOne(db, sql: "SELECT value FROM run WHERE key = 'schema'")
            guard version == schemaVersion else {
                throw BatchError.store(
                    "the store has version \(version.map(String.init) ?? "none"), this concerto reads \(schemaVersion); "
                        + "finish the run with the version that began it, or start anew with --overwrite")
            }
            try db.execute(sql: "DELETE FROM row WHERE born > (SELECT value FROM run WHERE key = 'accepted')")
            try db.execute(sql: "UPDATE run SET value = value + 1 WHERE key = 'pass'")
        } else {
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 else {
                throw BatchError.store("the file is a database, but not a store of concerto")
            }
            try db.execute(
                sql: """
                    CREATE TABLE run (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
                    CREATE TABLE option (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                    CREATE TABLE row (
                        id TEXT PRIMARY KEY, line INTEGER NOT NULL, fingerprint BLOB NOT NULL,
                        state INTEGER NOT NULL DEFAULT 0, pass INTEGER NOT NULL, born INTEGER NOT NULL);
                    """)
            let entries: [(String, any DatabaseValueConvertible)] = [
                ("schema", schemaVersion), ("run", UUID().uuidString.lowercased()), ("pass", 1), ("output", 0),
                ("rewrite", 0), ("accepted", 0), ("key", SipHash.Key.random().text),
            ]
            for (key, value) in entries {
                try db.execute(sql: "INSERT INTO run VALUES (?, ?)", arguments: [key, value])
            }
        }
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS page (
                    id TEXT NOT NULL, number INTEGER NOT NULL, next TEXT NOT NULL, items BLOB NOT NULL,
                    PRIMARY KEY (id, number)) WITHOUT ROWID
                """)
        let run = try String.fetchOne(db, sql: "SELECT value FROM run WHERE key = 'run'")
        let pass = try Int.fetchOne(db, sql: "SELECT value FROM run WHERE key = 'pass'")
        let key = try String.fetchOne(db, sql: "SELECT value FROM run WHERE key = 'key'").flatMap(SipHash.Key.init)
        guard let run, let pass, let key else { throw BatchError.store("the store is damaged: it names no run") }
        return (run, key, pass)
    }

    func options() async throws -> [String: String] {
        try await read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT name, value FROM option")
            let pairs = try rows.map {
                (try $0.decode(String.self, forColumn: "name"), try $0.decode(String.self, forColumn: "value"))
            }
            return Dictionary(pairs) { $1 }
        }
    }

    func setOptions(_ options: [String: String]) async throws {
        try await write { db in
            for (name, value) in options {
                try db.execute(sql: "INSERT OR REPLACE INTO option VALUES (?, ?)", arguments: [name, value])
            }
        }
    }

    func register(_ rows: [RowRegistration]) async throws -> [RowRegistration.Answer] {
        try await write { db in
            let insert = try db.cachedStatement(
                sql: "INSERT INTO row (id, line, fingerprint, pass, born) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            )
            let select = try db.cachedStatement(
                sql: "SELECT line, fingerprint, state, pass FROM row WHERE id = ?")
            let touch = try db.cachedStatement(sql: "UPDATE row SET pass = ?, line = ? WHERE id = ?")
            return try rows.map { row in
                try insert.execute(arguments: [row.key, row.line, Data(row.fingerprint.data), pass, pass])
                if db.changesCount == 1 { return .new }
                guard let found = try Row.fetchOne(select, arguments: [row.key]) else {
                    throw BatchError.store("the store is damaged: row '\(Visible.text(row.key))' is gone")
                }
                let line = try found.decode(Int.self, forColumn: "line")
                if try found.decode(Int.self, forColumn: "pass") == pass { return .duplicate(line: line) }
                guard
                    let fingerprint = RowFingerprint(
                        data: Array(try found.decode(Data.self, forColumn: "fingerprint"))),
                    let state = RowState(rawValue: try found.decode(Int.self, forColumn: "state"))
                else { throw BatchError.store("the store is damaged: row '\(Visible.text(row.key))' is unreadable") }
                try touch.execute(arguments: [pass, row.line, row.key])
                return .known(state: state, line: line, fingerprint: fingerprint)
            }
        }
    }

    func commit(_ changes: [StateChange], outputLength: Int64) async throws {
        try await write { db in
            let update = try db.cachedStatement(sql: "UPDATE row SET state = ? WHERE id = ?")
            for change in changes {
                try update.execute(arguments: [change.state.rawValue, change.key])
                if change.dropsPages {
                    try db.cachedStatement(sql: "DELETE FROM page WHERE id = ?").execute(arguments: [change.key])
                }
            }
            let length = try db.cachedStatement(sql: "UPDATE run SET value = ? WHERE key = 'output'")
            try length.execute(arguments: [outputLength])
        }
    }

    func keep(_ pages: [PageRecord]) async throws {
        try await write { db in
            let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)")
            for page in pages {
                try insert.execute(arguments: [page.key, page.number, page.next, Data(page.items)])
            }
        }
    }

    func pages(of key: String) async throws -> [PageRecord] {
        try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT number, next, items FROM page WHERE id = ? ORDER BY number", arguments: [key])
            return try rows.map { row in
                PageRecord(
                    key: key, number: try row.decode(Int.self, forColumn: "number"),
                    next: try row.decode(String.self, forColumn: "next"),
                    items: Array(try row.decode(Data.self, forColumn: "items")))
            }
        }
    }

    func outputLength() async throws -> Int64 {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT value FROM run WHERE key = 'output'") ?? 0
        }
    }

    func states(of keys: [String]) async throws -> [RowState?] {
        try await read { db in
            let select = try db.cachedStatement(sql: "SELECT state FROM row WHERE id = ?")
            return try keys.map { try Int.fetchOne(select, arguments: [$0]).flatMap(RowState.init) }
        }
    }

    func lines(of keys: [String]) async throws -> [Int?] {
        try await read { db in
            let select = try db.cachedStatement(sql: "SELECT line FROM row WHERE id = ?")
            return try keys.map { try Int.fetchOne(select, arguments: [$0]) }
        }
    }

    func fingerprints(of keys: [String]) async throws -> [RowFingerprint?] {
        try await read { db in
            let select = try db.cachedStatement(sql: "SELECT fingerprint FROM row WHERE id = ?")
            return try keys.map {
                try Data.fetchOne(select, arguments: [$0]).flatMap { RowFingerprint(data: Array($0)) }
            }
        }
    }

    func finishedRows() async throws -> Int {
        try await read { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM row WHERE state >= ?", arguments: [RowState.succeeded.rawValue]) ?? 0
        }
    }

    func markSeen(_ keys: [String]) async throws -> [Bool] {
        try await write { db in
            try db.execute(sql: "CREATE TEMP TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY) WITHOUT ROWID")
            let insert = try db.cachedStatement(
                sql: "INSERT INTO seen SELECT id FROM row WHERE id = ? ON CONFLICT DO NOTHING")
            return try keys.map { key in
                try insert.execute(arguments: [key])
                return db.changesCount == 1
            }
        }
    }

    func reopenUnseen(outputLength: Int64) async throws -> Int {
        try await write { db in
            try db.execute(
                sql: "UPDATE row SET state = ? WHERE state >= ? AND id NOT IN (SELECT id FROM seen)",
                arguments: [RowState.inFlight.rawValue, RowState.succeeded.rawValue])
            let count = db.changesCount
            try db.execute(sql: "UPDATE run SET value = ? WHERE key = 'output'", arguments: [outputLength])
            try db.execute(sql: "DROP TABLE seen")
            return count
        }
    }

    func acceptRows() async throws {
        try await write { db in
            try db.execute(sql: "UPDATE run SET value = ? WHERE key = 'accepted'", arguments: [pass])
        }
    }

    func vanishedRow() async throws -> (key: String, line: Int)? {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT id, line FROM row WHERE pass < ? AND state < ? ORDER BY line LIMIT 1",
                arguments: [pass, RowState.succeeded.rawValue]
            ).map { (try $0.decode(String.self, forColumn: "id"), try $0.decode(Int.self, forColumn: "line")) }
        }
    }

    func forgetFailures(includingUnknown: Bool, outputLength: Int64) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE row SET state = ? WHERE state = ? OR state = ?",
                arguments: [
                    RowState.pending.rawValue, RowState.failed.rawValue,
                    (includingUnknown ? RowState.unknown : .failed).rawValue,
                ])
            try db.execute(sql: "UPDATE run SET value = ? WHERE key = 'output'", arguments: [outputLength])
            try db.execute(sql: "UPDATE run SET value = 1 WHERE key = 'rewrite'")
        }
    }

    func awaitsRewrite() async throws -> Bool {
        try await read { db in
            try Bool.fetchOne(db, sql: "SELECT value FROM run WHERE key = 'rewrite'") ?? false
        }
    }

    func outputIsRewritten() async throws {
        try await write { db in try db.execute(sql: "UPDATE run SET value = 0 WHERE key = 'rewrite'") }
    }

    func close() async throws { try database.close() }

    private func write<Value: Sendable>(_ updates: @escaping @Sendable (Database) throws -> Value) async throws -> Value
    {
        do {
            return try await database.write(updates)
        } catch let error as DatabaseError {
            throw failure(error)
        } catch is RowDecodingError {
            throw damage
        }
    }

    private func read<Value: Sendable>(_ value: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await database.read(value)
        } catch let error as DatabaseError {
            throw failure(error)
        } catch is RowDecodingError {
            throw damage
        }
    }

    /// Somebody else has written to the file: a value is not what its column holds.
    private var damage: BatchError { .store("\(name) is damaged: a value in it is none of ours") }

    private func failure(_ error: DatabaseError) -> BatchError {
        .store("\(name) can't be used: \(error.message ?? "\(error)")\(Self.hint(error))")
    }

    /// What can be done about it.
    private static func hint(_ error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_FULL: "; make room and resume"
        case .SQLITE_IOERR: " (a broken disk, a quota, or a limit of a file's size); make room and resume"
        default: ""
        }
    }
}
#endif
