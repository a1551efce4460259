#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Link {
    /// Opens a connection.
    ///
    /// libpq connects on a thread of its own: name look-up, service and password files, TLS and the walk through several
    /// hosts all block there, and only there does it keep `connect_timeout` for each host.
    ///
    /// - Throws: ``PostgresError``; `CancellationError`, and the thread closes what it opens.
    nonisolated(nonsending)
        static func connect(
            _ connectionString: String, options: PostgresOptions, clock: any TimerClock
        ) async throws -> Link
    {
        let library = try PostgresLibrary.load()
        let settings = try settings(for: connectionString, options: options, library: library)
        let attempt = try await OffPool.run {
            Attempt(settings, library)
        } discard: {
            library.functions.finish($0.raw)
        }
        guard let attempt else { throw CancellationError() }
        guard library.functions.status(attempt.raw) == 0 else {
            let message = text(library.functions.errorMessage(attempt.raw)) ?? ""
            library.functions.finish(attempt.raw)
            throw ConnectionFailure.error(message, place: attempt.place)
        }
        return Link(attempt.raw, place: attempt.place, library: library, options: options, clock: clock)
    }

    /// What libpq is given; later ones win over earlier ones, and all over the environment and the service file.
    private static func settings(
        for connectionString: String, options: PostgresOptions, library: PostgresLibrary
    ) throws(PostgresError) -> [(String, String)] {
        // No zero byte ends the string early: what stands behind it might be `sslmode=verify-full`.
        guard !connectionString.utf8.contains(0) else {
            throw PostgresError(.configuration, "the connection string holds a zero byte")
        }
        var reason: UnsafeMutablePointer<CChar>?
        guard let parsed = library.functions.conninfoParse(connectionString, &reason) else {
            defer { if let reason { library.functions.freemem(reason) } }
            throw ConnectionFailure.parseError(text(reason) ?? "no reason given")
        }
        let given = Self.values(parsed)
        library.functions.conninfoFree(parsed)
        var known = given
        if let defaults = library.functions.conndefaults() {
            known.merge(Self.values(defaults)) { given, _ in given }
            library.functions.conninfoFree(defaults)
        }
        var settings = [("fallback_application_name", options.applicationName), ("dbname", connectionString)]
        // A service file may say it too, and is not read before libpq connects.
        if known["connect_timeout"] == nil, known["service"] == nil {
            settings.append(("connect_timeout", "\(options.connectTimeout.components.seconds)"))
        }
        settings.append(("client_encoding", "UTF8"))
        return settings
    }

    private static func values(_ options: UnsafeMutablePointer<cpq_option>) -> [String: String] {
        var values: [String: String] = [:]
        var next = options
        while let keyword = text(next.pointee.keyword) {
            if let value = text(next.pointee.value) { values[keyword] = value }
            next += 1
        }
        return values
    }

    /// What libpq has made of an attempt: a connection, or one that failed.
    private struct Attempt: @unchecked Sendable {  // handed from one thread to another
        let raw: OpaquePointer
        let place: String

        init(_ settings: [(String, String)], _ library: PostgresLibrary) {
            let functions = library.functions
            let strings = settings.map { (strdup($0.0), strdup($0.1)) }
            defer {
                for (key, value) in strings {
                    free(key)
                    free(value)
                }
            }
            let keys = strings.map { UnsafePointer<CChar>($0.0) } + [nil]
            let values = strings.map { UnsafePointer<CChar>($0.1) } + [nil]
            guard let raw = functions.connectdbParams(keys, values, 1) else {
                fatalError("libpq has no memory for a connection")
            }
            self.raw = raw
            let user = text(functions.user(raw)).map { "\($0)@" } ?? ""
            let host = text(functions.host(raw)) ?? ""
            let port = text(functions.port(raw)) ?? ""
            let database = text(functions.db(raw)) ?? ""
            place = "\(user)\(host.isEmpty ? "?" : host):\(port)/\(database)"
        }
    }
}
#endif
