#if Batch && PostgreSQL
package import ConcertoBatch
internal import ConcertoPostgres

extension PostgresStore {
    package func submit(
        _ draft: SharedRunDraft, _ next: @Sendable () async throws -> SharedRow?
    ) async throws -> SharedRun {
        do {
            return try await asking { try await load(draft, next) }
        } catch let error as BatchError where error.description.contains("run_name_key") {
            throw BatchError(
                kind: .configuration,
                description: "there is a run '\(draft.name)' already: give this one another --name, or drop that one")
        }
    }

    nonisolated(nonsending)
        private func load(
            _ draft: SharedRunDraft, _ next: @Sendable () async throws -> SharedRow?
        ) async throws -> SharedRun
    {
        try await client.transaction { connection in
            let isLarge = draft.rows > Self.largeRun
            let inserted = try await connection.query(
                """
                insert into \(unsafeSQL: name("run")) (name, state, priority, options, total, chunks, large)
                values (\(draft.name), 1, \(draft.priority), \(draft.options), 0, 0, \(isLarge)) returning id
                """)
            var run = SharedRun(
                id: try inserted[0][0], name: draft.name, state: .open, priority: draft.priority, rows: 0,
                options: draft.options, isLarge: isLarge)
            if isLarge { try await connection.query(PostgresQuery(unsafeSQL: rowTables(suffix: "_\(run.id)"))) }
            var cutter = ChunkCutter(rows: draft.chunkRows)
            run.rows = try await connection.copyIn(
                "copy \(unsafeSQL: name("input", of: run)) (run, n, place, line) from stdin"
            ) { copy in
                while let row = try await next() {
                    cutter.add(row)
                    try await copy.row(run.id, row.number, row.line, row.text)
                }
            }
            cutter.finish(rows: run.rows)
            try await connection.copyIn("copy \(unsafeSQL: name("chunk")) (run, c, lo, hi) from stdin") { copy in
                for (index, chunk) in cutter.chunks.enumerated() {
                    try await copy.row(run.id, index + 1, chunk.lowerBound, chunk.upperBound)
                }
            }
            try await connection.query(
                """
                update \(unsafeSQL: name("run")) set total = \(run.rows), chunks = \(cutter.chunks.count)
                where id = \(run.id)
                """)
            return run
        }
    }

    package func runs() async throws -> [SharedRun] {
        try await asking {
            try await client.query(
                """
                select id, name, state, priority, total, options, large from \(unsafeSQL: name("run"))
                order by priority desc, id
                """
            ).map { row in
                SharedRun(
                    id: try row[0], name: try row[1], state: SharedRun.State(rawValue: try row[2]) ?? .cancelled,
                    priority: try row[3], rows: try row[4], options: try row[5, as: [UInt8].self],
                    isLarge: try row[6])
            }
        }
    }

    package func change(_ run: SharedRun, to state: SharedRun.State) async throws {
        let from =
            state == .open ? [SharedRun.State.paused, .cancelled] : state == .paused ? [.open] : [.open, .paused]
        let changed = try await asking {
            try await client.query(
                """
                update \(unsafeSQL: name("run")) set state = \(state.rawValue) where id = \(run.id)
                    and state = any(\(from.map(\.rawValue) + [state.rawValue])::int[])
                """
            ).affectedRows
        }
        guard changed == 0 else { return }
        throw BatchError(
            kind: .configuration, description: "the run '\(run.name)' is \(run.state), and can't become \(state)")
    }

    package func retry(_ run: SharedRun, includingUnknown: Bool) async throws -> Int {
        let states = [RowState.failed, .unknown].prefix(includingUnknown ? 2 : 1).map(\.rawValue)
        return try await asking {
            try await client.transaction { connection in
                // First the chunks: whoever holds one is not to finish it meanwhile.
                try await connection.query(
                    """
                    select from \(unsafeSQL: name("chunk")) where run = \(run.id) order by c for no key update
                    """)
                // Those that a worker holds are left as they are: its calls are under way, and its results count.
                let forgotten = try await connection.query(
                    """
                    with free as materialized (
                        select c, lo, hi from \(unsafeSQL: name("chunk"))
                        where run = \(run.id) and (state <> 1 or lease <= clock_timestamp())),
                    gone as (
                        delete from \(unsafeSQL: name("result", of: run)) r using free
                        where r.run = \(run.id) and r.n between free.lo and free.hi
                            and r.state = any(\(states)::int[]) returning r.n, free.c),
                    unmarked as (
                        delete from \(unsafeSQL: name("mark", of: run)) m using gone where m.run = \(run.id) and m.n = gone.n),
                    counts as (select c, count(*) as count from gone group by c),
                    reopened as (
                        update \(unsafeSQL: name("chunk")) k set failed = k.failed - counts.count, attempts = 0,
                            state = 0, owner = null, lease = null, fence = k.fence + 1
                        from counts where k.run = \(run.id) and k.c = counts.c)
                    select count(*) from gone
                    """)[0][0, as: Int.self]
                if forgotten > 0 {
                    try await connection.query(
                        "update \(unsafeSQL: name("run")) set state = 1 where id = \(run.id)")
                }
                return forgotten
            }
        }
    }

    package func status(of run: SharedRun) async throws -> SharedRunStatus {
        try await asking {
            var status = SharedRunStatus(run: run)
            let sums = try await client.query(
                """
                select coalesce(sum(succeeded), 0), coalesce(sum(failed), 0), count(*), count(*) filter (where state = 2),
                    (select extract(epoch from clock_timestamp() - created) from \(unsafeSQL: name("run"))
                        where id = \(run.id))
                from \(unsafeSQL: name("chunk")) where run = \(run.id)
                """)[0]
            (status.succeeded, status.failed, status.chunks, status.finishedChunks) = (
                try sums[0], try sums[1], try sums[2], try sums[3]
            )
            status.age = try sums[4, as: Double?.self] ?? 0
            status.workers = try await client.query(
                """
                select w.id, w.host, extract(epoch from clock_timestamp() - w.seen), count(*)
                from \(unsafeSQL: name("chunk")) k join \(unsafeSQL: name("worker")) w on w.id = k.owner
                where k.run = \(run.id) and k.state = 1 group by w.id, w.host, w.seen order by w.host, w.id
                """
            ).map { row in
                SharedRunStatus.Worker(
                    name: SharedWorkerName(id: try row[0], host: try row[1]), silence: try row[2], chunks: try row[3])
            }
            return status
        }
    }

    package func export(_ run: SharedRun, _ write: @Sendable ([UInt8]) throws -> Void) async throws {
        try await asking {
            try await client.withConnection { connection in
                let rows = connection.rows(
                    """
                    select line from \(unsafeSQL: name("result", of: run)) where run = \(run.id) order by n
                    """)
                for try await row in rows { try write(try row[0, as: [UInt8].self]) }
            }
        }
    }

    package func drop(_ run: SharedRun) async throws {
        try await asking {
            try await client.transaction(settings: ["lock_timeout": "5s"]) { connection in
                try await connection.query("delete from \(unsafeSQL: name("run")) where id = \(run.id)")
                try await connection.query("delete from \(unsafeSQL: name("chunk")) where run = \(run.id)")
                try await connection.query("delete from \(unsafeSQL: name("bucket")) where run = \(run.id)")
                for table in ["input", "result", "mark"] {
                    let name = name(table, of: run)
                    try await connection.query(
                        run.isLarge
                            ? "drop table \(unsafeSQL: name)" : "delete from \(unsafeSQL: name) where run = \(run.id)")
                }
            }
        }
    }
}
#endif
