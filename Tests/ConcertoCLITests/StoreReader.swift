#if CLI
import Foundation
import GRDB

/// Looks into the store of a dead process, as the next run does.
enum StoreReader {
    /// The ids of rows that the store calls finished.
    static func finished(_ path: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }
        return try database.read { db in
            guard try db.tableExists("row") else { return [] }
            return try String.fetchAll(db, sql: "SELECT id FROM row WHERE state >= 2")
        }
    }

    static func execute(_ path: String, _ sql: String) throws {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }
        try database.write { try $0.execute(sql: sql) }
    }
}
#endif
