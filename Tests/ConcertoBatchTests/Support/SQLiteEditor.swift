#if Batch
import GRDB

/// Writes to a store behind its back.
enum SQLiteEditor {
    static func execute(_ path: String, _ sql: String) throws {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }
        try database.write { try $0.execute(sql: sql) }
    }
}
#endif
