#if Batch && PostgreSQL
internal import ConcertoBatch
internal import ConcertoPostgres

extension PostgresStore {
    package func checkSchema() async throws {
        let found: Int? = try await asking {
            let there = try await client.query("select to_regclass(\(name("version"))) is not null")
            guard try there[0][0, as: Bool.self] else { return nil }
            return try await client.query(PostgresQuery(unsafeSQL: "select version from \(name("version"))"))
                .first.map { try $0[0, as: Int.self] }
        }
        guard let found else { throw Self.missing(schema) }
        guard found != Self.version else { return }
        throw BatchError(
            kind: .configuration,
            description: found < Self.version
                ? "the schema '\(schema)' has version \(found), and this concerto works with \(Self.version): stop the "
                    + "workers and bring it up with concerto batch migrate"
                : "the schema '\(schema)' has version \(found), and this concerto knows \(Self.version) only: take a "
                    + "newer concerto")
    }

    package func migrate() async throws {
        try await asking {
            try await client.transaction(settings: ["lock_timeout": "5s"]) { connection in
                // Two that migrate at a time: the second one finds it done.
                try await connection.query("select pg_advisory_xact_lock(hashtext(\("concerto." + schema)))")
                if try await connection.query("select to_regclass(\(name("version"))) is not null")[0][0, as: Bool.self]
                {
                    let found = try await connection.query(
                        PostgresQuery(unsafeSQL: "select version from \(name("version"))"))
                    guard try found.first?[0, as: Int.self] == 1 else { return }
                    try await connection.query(PostgresQuery(unsafeSQL: limitTables))
                    try await connection.query(
                        PostgresQuery(unsafeSQL: "update \(name("version")) set version = \(Self.version)"))
                    return
                }
                try await connection.query(PostgresQuery(unsafeSQL: tables))
            }
        }
        // One that is too new is not touched.
        try await checkSchema()
    }

    /// What version 2 has that 1 had not.
    private var limitTables: String {
        """
        create table if not exists \(name("bucket")) (
            run bigint not null, pace double precision not null, at timestamptz not null, primary key (run, pace))
            with (fillfactor = 50);
        create table if not exists \(name("gate")) (host text primary key, until timestamptz not null)
            with (fillfactor = 50);
        """
    }

    /// The schema, version 2.
    private var tables: String {
        """
        create schema if not exists \(Self.quoted(schema));
        create table \(name("version")) (version int not null);
        insert into \(name("version")) values (\(Self.version));
        create table \(name("run")) (
            id bigint generated always as identity primary key, name text not null unique,
            created timestamptz not null default clock_timestamp(), state smallint not null, priority int not null,
            options bytea not null, total bigint not null, chunks int not null, large boolean not null);
        create table \(name("chunk")) (
            run bigint not null, c int not null, lo bigint not null, hi bigint not null, state smallint not null default 0,
            owner text, fence bigint not null default 0, lease timestamptz, succeeded bigint not null default 0,
            failed bigint not null default 0, attempts int not null default 0, flushed bigint not null default 0,
            wanted boolean not null default false, primary key (run, c)) with (fillfactor = 50);
        create table \(name("worker")) (
            id text primary key, host text not null, started timestamptz not null default clock_timestamp(),
            seen timestamptz not null default clock_timestamp()) with (fillfactor = 50);
        \(limitTables)
        \(rowTables(suffix: ""))
        """
    }

    /// The tables with a row for each row of runs.
    func rowTables(suffix: String) -> String {
        """
        create table \(name("input" + suffix)) (
            run bigint not null, n bigint not null, place bigint not null, line bytea not null, primary key (run, n));
        create table \(name("result" + suffix)) (
            run bigint not null, n bigint not null, state smallint not null, line bytea not null, primary key (run, n));
        create table \(name("mark" + suffix)) (
            run bigint not null, n bigint not null, fence bigint not null, primary key (run, n));
        """
    }
}
#endif
