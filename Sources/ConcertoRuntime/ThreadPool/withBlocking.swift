/// Runs `body`, which blocks its thread, without taking a thread away from other tasks.
///
/// ```swift
/// let hash = withBlocking { bcrypt(password) }
/// ```
///
/// On a thread of a ``ThreadPool`` the pool is told first: what waits in the thread's own queue is handed over and
/// another thread takes its place at once, so that as many threads as before run other work. When `body` returns, one
/// thread too many finishes its job and parks. On any other thread `body` just runs. Calls nest.
///
/// Blocking that is not declared is found too, by looking: that takes ``ThreadPool/Configuration/blockedAfter``
/// longer.
///
/// - Cancellation: is not observed; `body` runs to its end.
/// - Where it runs: on the calling thread, at once.
/// - Allocates: nothing.
/// - Throws: what `body` throws.
@inlinable
public func withBlocking<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let declared = _PoolInternals.enterBlocking()
    defer { if declared { _PoolInternals.leaveBlocking() } }
    return try body()
}
