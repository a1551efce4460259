#if Batch && PostgreSQL
package import ConcertoBatch
internal import ConcertoPostgres

extension PostgresStore {
    package func claim(
        _ run: SharedRun, for worker: SharedWorkerName, lease: Duration
    ) async throws -> ChunkClaim? {
        try await asking {
            let found = try await client.transaction(settings: settings(lease: lease, durable: false)) { connection in
                // A crash takes claims back whose commit was not waited for, and their fences must not come again: hence the leap.
                // Materialized: a subquery with a limit may otherwise be run again, and more be claimed than was asked for.
                try await connection.query(
                    """
                    with free as materialized (
                        select k.run, k.c from \(unsafeSQL: name("chunk")) k
                        where k.run = \(run.id) and (k.state = 0 or k.state = 1 and k.lease < clock_timestamp())
                            and exists (select from \(unsafeSQL: name("run")) r where r.id = \(run.id) and r.state = 1)
                        order by k.c limit 1 for no key update skip locked)
                    update \(unsafeSQL: name("chunk")) k set state = 1, owner = \(worker.id),
                        fence = k.fence + \(Int.random(in: 1...1 << 30)),
                        lease = clock_timestamp() + \(lease.milliseconds) * interval '1 millisecond',
                        attempts = k.attempts + 1, flushed = 0, wanted = false
                    from free where k.run = free.run and k.c = free.c
                    returning k.c, k.fence, k.attempts, k.lo, k.hi
                    """)
            }
            guard let chunk = found.first else { return nil }
            let (number, fence, attempts, lower, upper) = try chunk.values(
                as: Int.self, Int.self, Int.self, Int.self, Int.self)
            // After the claim has been committed: whoever held it before can add nothing any more.
            let rows = try await client.query(
                """
                select i.n, i.place, i.line, m.n is not null
                from \(unsafeSQL: name("input", of: run)) i
                left join \(unsafeSQL: name("mark", of: run)) m on m.run = i.run and m.n = i.n
                where i.run = \(run.id) and i.n between \(lower) and \(upper) and not exists (
                    select from \(unsafeSQL: name("result", of: run)) r where r.run = i.run and r.n = i.n)
                order by i.n
                """)
            return ChunkClaim(
                chunk: number, fence: fence, attempts: attempts,
                rows: try rows.map { row in
                    SharedRow(
                        number: try row[0], line: try row[1], text: try row[2, as: [UInt8].self], isMarked: try row[3])
                })
        }
    }

    package func flush(_ flush: ChunkFlush, of run: SharedRun) async throws -> ChunkFlush.Answer {
        try await asking {
            let settings = settings(lease: flush.lease, durable: flush.isPrecious)
            return try await client.transaction(settings: settings) { connection in
                let fenced = try await fence(flush, of: run, connection)
                var answer = fenced.answer
                let kept = fenced.kept
                let results = flush.results.filter { kept.contains($0.chunk) }
                if !results.isEmpty {
                    try await connection.copyIn(
                        "copy \(unsafeSQL: name("result", of: run)) (run, n, state, line) from stdin"
                    ) { copy in
                        for result in results {
                            try await copy.row(run.id, result.row, result.state.rawValue, result.line)
                        }
                    }
                }
                let unmarked = flush.unmarked.filter { kept.contains($0.chunk) }.map(\.row)
                if !unmarked.isEmpty {
                    try await connection.query(
                        """
                        delete from \(unsafeSQL: name("mark", of: run))
                        where run = \(run.id) and n = any(\(unmarked)::bigint[])
                        """)
                }
                let marks = flush.marks.filter { kept.contains($0.chunk) }.map(\.row).sorted()
                if !marks.isEmpty {
                    try await connection.query(
                        """
                        insert into \(unsafeSQL: name("mark", of: run)) (run, n, fence)
                        select \(run.id)::bigint, n, 0 from unnest(\(marks)::bigint[]) n on conflict (run, n) do nothing
                        """)
                }
                // In one order, lest two wait for each other.
                for (host, pause) in flush.pauses.sorted(by: { $0.key < $1.key }) {
                    try await connection.query(
                        """
                        insert into \(unsafeSQL: name("gate")) as g (host, until)
                        values (\(host), clock_timestamp() + \(pause.milliseconds) * interval '1 millisecond')
                        on conflict (host) do update set until = greatest(g.until, excluded.until)
                        """)
                }
                // Last, for all workers of the run look at it.
                let seen = try await connection.query(
                    """
                    with seen as (
                        insert into \(unsafeSQL: name("worker")) (id, host)
                        values (\(flush.worker.id), \(flush.worker.host))
                        on conflict (id) do update set seen = clock_timestamp())
                    select r.state, g.host, coalesce(extract(epoch from g.until - clock_timestamp())::float8, 0)
                    from \(unsafeSQL: name("run")) r
                    left join \(unsafeSQL: name("gate")) g on g.until > clock_timestamp()
                    where r.id = \(run.id)
                    """)
                // A run that was dropped is nobody's any more.
                answer.run = try seen.first.flatMap { SharedRun.State(rawValue: try $0[0]) } ?? .cancelled
                for row in seen {
                    guard let host = try row[1, as: String?.self] else { continue }
                    answer.pauses[host] = .seconds(try row[2, as: Double.self])
                }
                return answer
            }
        }
    }

    /// Renews the leases of the chunks that are still the worker's, and counts their results.
    ///
    /// - Returns: The answer so far, and the chunks whose results, marks and splits are to be written.
    nonisolated(nonsending)
        private func fence(
            _ flush: ChunkFlush, of run: SharedRun, _ connection: PostgresConnection
        ) async throws -> (answer: ChunkFlush.Answer, kept: Set<Int>)
    {
        var answer = ChunkFlush.Answer(run: .open)
        var kept: Set<Int> = []
        for chunk in flush.chunks {
            if flush.isRepeated {
                let done = try await connection.query(
                    """
                    select from \(unsafeSQL: name("chunk")) where run = \(run.id) and c = \(chunk.number)
                        and owner = \(flush.worker.id) and fence = \(chunk.fence) and flushed >= \(flush.sequence)
                    """)
                // All of it was done: one chunk tells for everything in the transaction.
                if !done.isEmpty { continue }
            }
            let progress = chunk.succeeded + chunk.failed
            let cut = chunk.split ?? 0
            let updated = try await connection.query(
                """
                update \(unsafeSQL: name("chunk")) k set state = \(chunk.end.rawValue),
                    lease = clock_timestamp() + \(flush.lease.milliseconds) * interval '1 millisecond',
                    succeeded = succeeded + \(chunk.succeeded), failed = failed + \(chunk.failed),
                    attempts = case when \(progress) > 0 or \(chunk.end.rawValue) <> 1 then 0 else attempts end,
                    hi = coalesce(nullif(\(cut)::bigint - 1, -1), hi),
                    flushed = \(flush.sequence), wanted = wanted and \(chunk.split == nil)
                from (select hi as last from \(unsafeSQL: name("chunk"))
                    where run = \(run.id) and c = \(chunk.number)) before
                where run = \(run.id) and c = \(chunk.number) and owner = \(flush.worker.id)
                    and fence = \(chunk.fence) and state = 1
                returning wanted, last
                """)
            guard let row = updated.first else {
                answer.lost.insert(chunk.number)
                continue
            }
            kept.insert(chunk.number)
            if try row[0, as: Bool.self] { answer.wanted.insert(chunk.number) }
            guard let split = chunk.split else { continue }
            try await connection.query(
                """
                with next as (
                    update \(unsafeSQL: name("run")) set chunks = chunks + 1 where id = \(run.id) returning chunks)
                insert into \(unsafeSQL: name("chunk")) (run, c, lo, hi, attempts)
                select \(run.id)::bigint, chunks, \(split)::bigint, \(try row[1, as: Int.self])::bigint,
                    \(chunk.splitAttempts)::int
                from next
                """)
        }
        return (answer, kept)
    }

    package func borrow(_ count: Int, of interval: Duration, for run: SharedRun) async throws -> Duration {
        let pace = interval / .seconds(1)
        return try await asking {
            let lent = try await client.query(
                """
                insert into \(unsafeSQL: name("bucket")) as b (run, pace, at)
                values (\(run.id), \(pace), clock_timestamp() + \(Double(count) * pace) * interval '1 second')
                on conflict (run, pace) do update
                    set at = greatest(b.at, clock_timestamp()) + \(Double(count) * pace) * interval '1 second'
                returning extract(epoch from at - clock_timestamp())::float8
                """)
            return .seconds(try lent[0][0, as: Double.self] - Double(count) * pace)
        }
    }

    package func requestSplit(of run: SharedRun, atLeast rows: Int) async throws {
        try await asking {
            _ = try await client.transaction(settings: settings(durable: false)) { connection in
                try await connection.query(
                    """
                    with busy as materialized (
                        select run, c from \(unsafeSQL: name("chunk"))
                        where run = \(run.id) and state = 1 and not wanted
                            and hi - lo + 1 - succeeded - failed >= \(rows)
                        order by hi - lo + 1 - succeeded - failed desc, c limit 1 for no key update skip locked)
                    update \(unsafeSQL: name("chunk")) k set wanted = true from busy where k.run = busy.run and k.c = busy.c
                    """)
            }
        }
    }

    package func finishIfDone(_ run: SharedRun) async throws -> SharedRun.State {
        try await asking {
            try await client.query(
                """
                update \(unsafeSQL: name("run")) set state = 4 where id = \(run.id) and state = 1 and not exists (
                    select from \(unsafeSQL: name("chunk")) where run = \(run.id) and state <> 2)
                """)
            let state = try await client.query("select state from \(unsafeSQL: name("run")) where id = \(run.id)")
            return try state.first.flatMap { SharedRun.State(rawValue: try $0[0]) } ?? .cancelled
        }
    }
}
#endif
