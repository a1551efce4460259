#if Batch && PostgreSQL
import Concerto
import ConcertoBatch

/// The laws of a shared store, as short as they can be said.
final class MemorySharedStore: SharedStore {
    private struct Chunk {
        var rows: ClosedRange<Int>
        var state = 0
        var owner: SharedWorkerName?
        var fence = 0
        var until: TimerInstant?
        var succeeded = 0
        var failed = 0
        var attempts = 0
        var flushed = 0
        var wanted = false
    }

    private struct Run {
        var run: SharedRun
        var rows: [SharedRow] = []
        var chunks: [Chunk] = []
        var results: [Int: ChunkFlush.Result] = [:]
        var marks: Set<Int> = []
    }

    private let state = Guarded<[Int: Run]>([:])
    /// When the next turn of each rate is due.
    private let buckets = Guarded<[[Double]: TimerInstant]>([:])
    private let gates = Guarded<[String: TimerInstant]>([:])
    private let clock: any TimerClock
    private let meet: @Sendable (Moment) async throws -> Void

    /// What is about to be done.
    enum Moment: Sendable {
        case claim
        case flush(ChunkFlush)
        case split
    }

    /// - Parameter meet: Called first of all, to hold it up or to fail.
    init(clock: any TimerClock = MonotonicClock(), meet: @escaping @Sendable (Moment) async throws -> Void = { _ in }) {
        (self.clock, self.meet) = (clock, meet)
    }

    func checkSchema() async throws {}
    func migrate() async throws {}
    func close() async {}

    func submit(_ draft: SharedRunDraft, _ next: @Sendable () async throws -> SharedRow?) async throws -> SharedRun {
        var rows: [SharedRow] = []
        var cutter = ChunkCutter(rows: draft.chunkRows)
        while let row = try await next() {
            rows.append(row)
            cutter.add(row)
        }
        cutter.finish(rows: rows.count)
        return try state.withLock { [rows, cutter] runs in
            guard !runs.values.contains(where: { $0.run.name == draft.name }) else {
                throw BatchError(kind: .configuration, description: "there is a run '\(draft.name)' already")
            }
            let run = SharedRun(
                id: runs.count + 1, name: draft.name, state: .open, priority: draft.priority, rows: rows.count,
                options: draft.options)
            runs[run.id] = Run(run: run, rows: rows, chunks: cutter.chunks.map { Chunk(rows: $0) })
            return run
        }
    }

    func runs() async throws -> [SharedRun] {
        state.withLock { $0.values.map(\.run).sorted { ($1.priority, $0.id) < ($0.priority, $1.id) } }
    }

    func claim(_ run: SharedRun, for worker: SharedWorkerName, lease: Duration) async throws -> ChunkClaim? {
        try await meet(.claim)
        let now = clock.now
        return state.withLock { runs in
            guard var found = runs[run.id], found.run.state == .open else { return nil }
            let free = found.chunks.firstIndex { $0.state == 0 || $0.state == 1 && ($0.until ?? now) <= now }
            guard let index = free else { return nil }
            var chunk = found.chunks[index]
            (chunk.state, chunk.owner, chunk.until) = (1, worker, now.advanced(by: lease))
            (chunk.flushed, chunk.wanted) = (0, false)
            chunk.fence += 1
            chunk.attempts += 1
            found.chunks[index] = chunk
            runs[run.id] = found
            let rows = found.rows.filter { chunk.rows.contains($0.number) && found.results[$0.number] == nil }
            return ChunkClaim(
                chunk: index + 1, fence: chunk.fence, attempts: chunk.attempts,
                rows: rows.map { row in
                    var row = row
                    row.isMarked = found.marks.contains(row.number)
                    return row
                })
        }
    }

    func borrow(_ count: Int, of interval: Duration, for run: SharedRun) async throws -> Duration {
        let now = clock.now
        return buckets.withLock { buckets in
            let start = max(now, buckets[[Double(run.id), interval / .seconds(1)]] ?? now)
            buckets[[Double(run.id), interval / .seconds(1)]] = start.advanced(by: interval * count)
            return now.duration(to: start)
        }
    }

    func flush(_ flush: ChunkFlush, of run: SharedRun) async throws -> ChunkFlush.Answer {
        try await meet(.flush(flush))
        let now = clock.now
        let pauses = gates.withLock { gates in
            for (host, pause) in flush.pauses {
                gates[host] = max(gates[host] ?? now, now.advanced(by: pause))
            }
            return gates.filter { $0.value > now }.mapValues { now.duration(to: $0) }
        }
        return try state.withLock { runs in
            guard var found = runs[run.id] else { return ChunkFlush.Answer(run: .cancelled) }
            var answer = ChunkFlush.Answer(run: found.run.state)
            answer.pauses = pauses
            var kept: Set<Int> = []
            for change in flush.chunks {
                var chunk = found.chunks[change.number - 1]
                guard chunk.fence == change.fence, chunk.owner?.id == flush.worker.id else {
                    answer.lost.insert(change.number)
                    continue
                }
                if flush.isRepeated, chunk.flushed >= flush.sequence { continue }
                guard chunk.state == 1 else {
                    answer.lost.insert(change.number)
                    continue
                }
                kept.insert(change.number)
                chunk.until = now.advanced(by: flush.lease)
                chunk.state = change.end.rawValue
                chunk.succeeded += change.succeeded
                chunk.failed += change.failed
                chunk.flushed = flush.sequence
                if change.succeeded + change.failed > 0 || change.end != .held { chunk.attempts = 0 }
                if let split = change.split {
                    let given = split...chunk.rows.upperBound
                    chunk.rows = chunk.rows.lowerBound...(split - 1)
                    chunk.wanted = false
                    found.chunks.append(Chunk(rows: given, attempts: change.splitAttempts))
                }
                if chunk.wanted { answer.wanted.insert(change.number) }
                found.chunks[change.number - 1] = chunk
            }
            for result in flush.results where kept.contains(result.chunk) {
                guard found.results.updateValue(result, forKey: result.row) == nil else {
                    throw BatchError(kind: .store, description: "row \(result.row) has a result already")
                }
            }
            found.marks.subtract(flush.unmarked.filter { kept.contains($0.chunk) }.map(\.row))
            found.marks.formUnion(flush.marks.filter { kept.contains($0.chunk) }.map(\.row))
            runs[run.id] = found
            return answer
        }
    }

    func requestSplit(of run: SharedRun, atLeast rows: Int) async throws {
        try await meet(.split)
        state.withLock { runs in
            let chunks = runs[run.id]?.chunks ?? []
            func left(_ chunk: Chunk) -> Int { chunk.rows.count - chunk.succeeded - chunk.failed }
            let busy = chunks.indices.filter {
                chunks[$0].state == 1 && !chunks[$0].wanted && left(chunks[$0]) >= rows
            }
            guard let most = busy.max(by: { left(chunks[$0]) < left(chunks[$1]) }) else { return }
            runs[run.id]?.chunks[most].wanted = true
        }
    }

    func finishIfDone(_ run: SharedRun) async throws -> SharedRun.State {
        state.withLock { runs in
            guard let found = runs[run.id] else { return .cancelled }
            if found.run.state == .open, found.chunks.allSatisfy({ $0.state == 2 }) {
                runs[run.id]?.run.state = .finished
                return .finished
            }
            return found.run.state
        }
    }

    func change(_ run: SharedRun, to wanted: SharedRun.State) async throws {
        try state.withLock { runs in
            guard let now = runs[run.id]?.run.state, now != .finished else {
                throw BatchError(kind: .configuration, description: "the run '\(run.name)' is finished")
            }
            runs[run.id]?.run.state = wanted
        }
    }

    func retry(_ run: SharedRun, includingUnknown: Bool) async throws -> Int {
        let now = clock.now
        return state.withLock { runs in
            guard var found = runs[run.id] else { return 0 }
            let held = found.chunks.filter { $0.state == 1 && ($0.until ?? now) > now }.map(\.rows)
            let gone = found.results.values.filter { result in
                (result.state == .failed || includingUnknown && result.state == .unknown)
                    && !held.contains { $0.contains(result.row) }
            }
            for result in gone {
                found.results[result.row] = nil
                found.marks.remove(result.row)
                for index in found.chunks.indices where found.chunks[index].rows.contains(result.row) {
                    (found.chunks[index].state, found.chunks[index].attempts) = (0, 0)
                    found.chunks[index].failed -= 1
                }
            }
            for index in found.chunks.indices where found.chunks[index].state == 0 { found.chunks[index].fence += 1 }
            if !gone.isEmpty { found.run.state = .open }
            runs[run.id] = found
            return gone.count
        }
    }

    func status(of run: SharedRun) async throws -> SharedRunStatus {
        state.withLock { runs in
            var status = SharedRunStatus(run: runs[run.id]?.run ?? run)
            for chunk in runs[run.id]?.chunks ?? [] {
                status.chunks += 1
                status.succeeded += chunk.succeeded
                status.failed += chunk.failed
                if chunk.state == 2 { status.finishedChunks += 1 }
                if chunk.state == 1, let owner = chunk.owner {
                    status.workers.append(.init(name: owner, silence: 0, chunks: 1))
                }
            }
            return status
        }
    }

    func export(_ run: SharedRun, _ write: @Sendable ([UInt8]) throws -> Void) async throws {
        let results = state.withLock { $0[run.id]?.results ?? [:] }
        for (_, result) in results.sorted(by: { $0.key < $1.key }) { try write(result.line) }
    }

    func drop(_ run: SharedRun) async throws { state.withLock { $0[run.id] = nil } }
}
#endif
