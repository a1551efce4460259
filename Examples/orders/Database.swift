#if CLI
import Concerto
import ConcertoResources
import Foundation
import GRDBSQLite

/// What SQLite says when it cannot.
struct DatabaseError: Error {
    let message: String
    init(_ handle: OpaquePointer?) { message = String(cString: sqlite3_errmsg(handle)) }
}

/// A connection to SQLite.
final class Connection: @unchecked Sendable {  // the pool lends it to one task at a time
    private let handle: OpaquePointer

    init(_ path: String) throws {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX
        guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK, let handle else {
            defer { sqlite3_close_v2(handle) }
            throw DatabaseError(handle)
        }
        self.handle = handle
        sqlite3_busy_timeout(handle, 1_000)
    }

    func close() { sqlite3_close_v2(handle) }

    /// Runs one statement. It blocks its thread, and says so: the pool puts another in its place. A caller that is cancelled,
    /// because its client has gone or its deadline has come, interrupts it.
    func query(_ sql: String, _ values: [String] = []) async throws -> [[String]] {
        try await withTaskCancellationHandler {
            try withBlocking { try run(sql, values) }
        } onCancel: {
            sqlite3_interrupt(handle)
        }
    }

    private func run(_ sql: String, _ values: [String]) throws -> [[String]] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
            throw DatabaseError(handle)
        }
        defer { sqlite3_finalize(statement) }
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (place, value) in values.enumerated() {
            sqlite3_bind_text(statement, Int32(place + 1), value, -1, copied)
        }
        var rows: [[String]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                rows.append(
                    (0..<sqlite3_column_count(statement)).map { column in
                        sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
                    })
            case SQLITE_DONE: return rows
            case SQLITE_INTERRUPT: throw CancellationError()
            default: throw DatabaseError(handle)
            }
        }
    }
}

/// Orders, in SQLite.
struct Database: Sendable {
    let pool: ResourcePool<Connection>
    private let delay: UInt32

    init(_ settings: Settings) {
        delay = UInt32(settings.delayMilliseconds * 1_000)
        var options = PoolOptions()
        options.maximum = settings.connections
        options.waitLimit = .seconds(1)
        options.leakAfter = .seconds(30)
        options.onLeak = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
        pool = ResourcePool("orders", options) {
            try withBlocking { try Connection(settings.database) }
        } close: { connection in
            withBlocking { connection.close() }
        }
    }

    func prepare() async throws {
        _ = try await query("PRAGMA journal_mode = WAL")
        _ = try await query(
            "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer INTEGER, name TEXT, item TEXT)")
    }

    func add(customer: Int, name: String, item: String) async throws -> Order {
        let sql = "INSERT INTO orders (customer, name, item) VALUES (?, ?, ?) RETURNING id, customer, name, item"
        return Order(try await query(sql, ["\(customer)", name, item])[0])
    }

    /// The first orders from number `first` on.
    func orders(from first: Int, limit: Int) async throws -> [Order] {
        let sql = "SELECT id, customer, name, item FROM orders WHERE id >= ? ORDER BY id LIMIT ?"
        return try await query(sql, ["\(first)", "\(limit)"]).map(Order.init)
    }

    private func query(_ sql: String, _ values: [String] = []) async throws -> [[String]] {
        try await pool.withResource { connection in
            if delay > 0 { _ = withBlocking { usleep(delay) } }
            return try await connection.query(sql, values)
        }
    }
}

/// An order, as it is stored and as clients see it.
struct Order: Codable, Sendable {
    let id, customer: Int
    let name, item: String

    init(_ row: [String]) {
        (id, customer, name, item) = (Int(row[0]) ?? 0, Int(row[1]) ?? 0, row[2], row[3])
    }
}
#endif
