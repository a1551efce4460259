import ConcertoRuntime

/// What a source has that is more than one callback: made when the first of it is needed. All of it is protected by the
/// lock of the source; callbacks never run under it.
final class CancellationDetails: @unchecked Sendable {  // protected by the lock of the source
    /// `nil` is the monotonic clock.
    var clock: (any TimerClock)?
    var callbacks: CancellationCallbackList
    var isDisposed = false
    /// The callback that runs now, and where; a source runs one at a time, because only one `cancel()` wins.
    var running: (id: UInt, thread: ThreadIdentity)?
    var finishActions: [@Sendable () -> Void] = []
    var timer = PendingTimer()
    var links: [CancellationLink] = []

    /// Takes over what was in the slot of the source.
    init(callback: (@Sendable () throws -> Void)?, id: UInt) {
        callbacks = CancellationCallbackList(first: callback, id: id)
    }
}
