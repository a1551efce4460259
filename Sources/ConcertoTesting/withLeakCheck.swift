import Concerto
import Synchronization

/// Waiters or tasks that a piece of code left behind.
public struct LeakError: Error, Hashable, CustomStringConvertible {
    /// Waits that nobody has ended.
    public let waiters: Int

    /// Tasks (handles) that somebody still holds.
    public let tasks: Int

    /// Creates an error, to compare with.
    public init(waiters: Int, tasks: Int) {
        self.waiters = waiters
        self.tasks = tasks
    }

    /// What happened.
    public var description: String {
        "left behind: \(waiters) waiter(s) that still wait and \(tasks) task(s) that somebody still holds"
    }
}

/// Runs `body` and checks that nothing it made is left: no task that waits for a Concerto primitive, and no
/// ``/Concerto/TaskHandle`` that is still alive.
///
/// It sees what `body` makes itself and what tasks make that it starts; task-local values carry the account. What
/// another thread is just letting go of is waited for.
///
/// - Cancellation: reaches `body`.
/// - Where it runs: `body` stays on the caller's executor.
/// - Throws: What `body` throws; ``LeakError``. In release builds nothing is counted and it never throws that.
nonisolated(nonsending)
    public func withLeakCheck<Success>(
        _ body: nonisolated(nonsending) () async throws -> Success
    ) async throws -> Success
{
    let ledger = LeakLedger()
    let result = try await LeakLedger.$current.binding(ledger, body)
    for _ in 0..<10_000 where ledger.count != 0 { await Task.yield() }
    guard ledger.count == 0 else {
        throw LeakError(
            waiters: ledger.waiters.load(ordering: .relaxed), tasks: ledger.tasks.load(ordering: .relaxed))
    }
    return result
}

extension LeakLedger {
    fileprivate var count: Int { waiters.load(ordering: .relaxed) + tasks.load(ordering: .relaxed) }
}
