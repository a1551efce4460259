#if PostgreSQL
import CPQ

/// libpq, as this process has loaded it.
struct PostgresLibrary: @unchecked Sendable {  // a table of functions that is written once, before anybody gets it
    let functions: cpq_library

    /// Loads the library, if nobody has.
    ///
    /// - Throws: ``PostgresError`` of the kind `libraryMissing`.
    static func load() throws(PostgresError) -> PostgresLibrary {
        #if canImport(Darwin)
        let name = "libpq.5.dylib"
        #else
        let name = "libpq.so.5"
        #endif
        var reason: UnsafePointer<CChar>?
        guard let table = cpq_load(name, &reason) else { throw missing(name, reason) }
        return PostgresLibrary(functions: table.pointee)
    }

    /// Loads a library of another name, whatever has been loaded.
    static func load(from name: String) throws(PostgresError) -> PostgresLibrary {
        var table = cpq_library_empty()
        var reason: UnsafePointer<CChar>?
        guard cpq_load_anew(name, &table, &reason) != nil else { throw missing(name, reason) }
        return PostgresLibrary(functions: table)
    }

    private static func missing(_ name: String, _ reason: UnsafePointer<CChar>?) -> PostgresError {
        let reason = reason.map { String(cString: $0) } ?? "no reason given"
        return PostgresError(
            .libraryMissing,
            "PostgreSQL's client library \(name) can't be loaded (\(reason)); install it: apt-get install libpq5")
    }
}

/// The text of a C string that may be missing.
func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
#endif
