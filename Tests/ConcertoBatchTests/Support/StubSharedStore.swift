#if Batch
@testable import ConcertoBatch

/// A shared store of which only flushes and turns are asked.
final class StubSharedStore: SharedStore {
    struct NotHere: Error {}

    private let flush: @Sendable (ChunkFlush) async throws -> ChunkFlush.Answer
    private let borrow: @Sendable (Int, Duration) async throws -> Duration

    init(
        flush: @escaping @Sendable (ChunkFlush) async throws -> ChunkFlush.Answer = { _ in throw NotHere() },
        borrow: @escaping @Sendable (Int, Duration) async throws -> Duration = { _, _ in throw NotHere() }
    ) {
        (self.flush, self.borrow) = (flush, borrow)
    }

    func flush(_ flush: ChunkFlush, of run: SharedRun) async throws -> ChunkFlush.Answer { try await self.flush(flush) }
    func borrow(_ count: Int, of interval: Duration, for run: SharedRun) async throws -> Duration {
        try await borrow(count, interval)
    }

    func checkSchema() async throws {}
    func migrate() async throws {}
    func submit(_ draft: SharedRunDraft, _ next: @Sendable () async throws -> SharedRow?) async throws -> SharedRun {
        throw NotHere()
    }
    func runs() async throws -> [SharedRun] { [] }
    func claim(_ run: SharedRun, for worker: SharedWorkerName, lease: Duration) async throws -> ChunkClaim? { nil }
    func requestSplit(of run: SharedRun, atLeast rows: Int) async throws {}
    func finishIfDone(_ run: SharedRun) async throws -> SharedRun.State { .open }
    func change(_ run: SharedRun, to state: SharedRun.State) async throws { throw NotHere() }
    func retry(_ run: SharedRun, includingUnknown: Bool) async throws -> Int { 0 }
    func status(of run: SharedRun) async throws -> SharedRunStatus { SharedRunStatus(run: run) }
    func export(_ run: SharedRun, _ write: @Sendable ([UInt8]) throws -> Void) async throws {}
    func drop(_ run: SharedRun) async throws {}
    func close() async {}
}
#endif
