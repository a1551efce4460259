public import ConcertoRuntime
import Synchronization

/// Makes and cancels ``CancellationToken``s: the side that decides.
///
/// ```swift
/// let source = CancellationTokenSource()
/// source.token.register { connection.close() }
/// source.cancel()                               // the connection is closed when this returns
/// ```
///
/// - Where it runs: callbacks run on the thread that cancels, inside `cancel()`, the last registered first; those of
///   ``cancel(after:)`` on a thread that is kept for them.
/// - Allocates: the source; when there is more than one callback at a time, a timer, a link or a cancellation, a second
///   object, and one for each callback after the first.
public final class CancellationTokenSource: Sendable {
    @usableFromInline typealias Callback = @Sendable () throws -> Void

    /// Says who may touch `place`.
    @usableFromInline let word = Atomic<UInt>(0)
    /// The only callback, while there is one and no details.
    @usableFromInline @exclusivity(unchecked) nonisolated(unsafe) final var place: Callback?
    /// Everything else, once there is any; made, and used, under `lock`.
    @exclusivity(unchecked) private(set) nonisolated(unsafe) final var details: CancellationDetails?
    /// Callbacks never run under it.
    let lock = Guarded(())

    /// Runs `body` under the lock with the details, and makes them if there are none.
    func withDetails<Result>(_ body: (CancellationDetails) throws -> Result) rethrows -> Result {
        try lock.withLock { _ in
            if let details { return try body(details) }
            let (callback, id) = closePlace()
            let made = CancellationDetails(callback: callback, id: id)
            details = made
            return try body(made)
        }
    }

    /// Creates a source.
    ///
    /// - Parameter clock: Runs ``cancel(after:)``.
    public init(clock: any TimerClock) {
        withDetails { $0.clock = clock }
    }

    /// Creates a source.
    public init() {}

    /// Creates a source that cancels itself after `delay`; at once if `delay` is zero.
    ///
    /// - Throws: ``ArgumentError`` if `delay` is negative.
    public convenience init(cancelAfter delay: Duration, clock: any TimerClock = MonotonicClock()) throws {
        self.init(clock: clock)
        try cancel(after: delay)
    }

    /// Creates a source that is cancelled as soon as one of the tokens is; cancelling it does not reach them.
    ///
    /// If one of them has been cancelled already, the source is born cancelled. Tokens that cannot be cancelled are
    /// skipped. The source takes itself off its parents when it is cancelled, disposed of or no longer referenced;
    /// as long as it has callbacks, its parents keep it alive.
    public convenience init(linkedTo first: CancellationToken, _ others: CancellationToken...) {
        self.init()
        link(to: [first] + others)
    }

    /// Creates a source that is cancelled as soon as one of `tokens` is; see ``init(linkedTo:_:)``.
    ///
    /// - Throws: ``ArgumentError`` if `tokens` is empty.
    public convenience init(linkedTo tokens: [CancellationToken]) throws {
        guard !tokens.isEmpty else {
            throw ArgumentError("tokens", "empty", "a linked source needs at least one token")
        }
        self.init()
        link(to: tokens)
    }

    deinit {
        if let callback = takeLastFromPlace() { CallbackTrampoline.release([callback]) }
        guard lock.withLastReference({ _ in details != nil }) else { return }
        let (timer, links, actions) = withDetails { ($0.timer.withdraw(), $0.links, $0.callbacks.removeAll()) }
        timer.cancelStale()
        for link in links { link.cut() }
        // They may hold linked sources, which hold further ones: one after the other, not one inside the other.
        CallbackTrampoline.release(consume actions)
    }

    /// The token to hand out. After ``dispose()`` it can still be asked, and accepts callbacks that never run.
    @inlinable
    public var token: CancellationToken { CancellationToken(source: self) }

    /// Whether cancellation has been requested; works after ``dispose()`` too.
    @inlinable
    public var isCancellationRequested: Bool { isRequested }

    /// Requests cancellation and runs every callback, the last registered first, before it returns.
    ///
    /// A second call returns at once, even while callbacks of the first still run. Errors that callbacks throw go to
    /// `TaskHandle.onUnobservedError`; use ``cancel(throwOnFirstError:)`` to get them.
    ///
    /// - Returns: Whether this call is the one that cancelled; `false` if the source was cancelled or disposed of.
    @discardableResult
    public func cancel() -> Bool {
        guard begin() else { return false }
        let errors = runCallbacks()
        for error in errors { UnobservedError.raise(error, from: "a cancellation callback") }
        return true
    }

    /// Requests cancellation and runs the callbacks, the last registered first, before it returns.
    ///
    /// - Parameter throwOnFirstError: If `true`, the first error comes out as it is, and the callbacks that have not
    ///   run never will. If `false`, all callbacks run.
    /// - Throws: ``AggregateError`` with the errors of all callbacks in the order in which they ran; ``ClosedError``
    ///   if the source was disposed of before it was cancelled. On a source that has been cancelled the call does nothing.
    public func cancel(throwOnFirstError: Bool) throws {
        guard begin() else {
            if withDetails({ $0.isDisposed }) && !isCancellationRequested {
                throw ClosedError("CancellationTokenSource")
            }
            return
        }
        let errors = runCallbacks(stopAtFirstError: throwOnFirstError)
        if throwOnFirstError, let first = errors.first { throw first }
        guard errors.isEmpty else { throw AggregateError(errors) }
    }

    /// Cancels the source after `delay`, at once if it is zero; replaces a delay that was set before.
    ///
    /// Tokens are cancelled by the timer itself. Callbacks, if there are any, run right afterwards on a thread that is
    /// there for that, the last registered first: they may block without holding up other timers, and they run also
    /// while every thread of the pool computes. With a delay of zero they run inside this call. A delay that was taken back or replaced in time never cancels.
    /// - Parameter delay: `nil` takes the pending cancellation back.
    /// - Throws: ``ArgumentError`` if `delay` is negative; ``ClosedError`` if the source was disposed of before it was
    ///   cancelled. On a source that has been cancelled the call does nothing.
    public func cancel(after delay: Duration?) throws {
        if let delay, delay < .zero { throw ArgumentError("delay", delay, "it must not be negative") }
        let clock = withDetails { $0.clock ?? MonotonicClock() }
        let deadline = delay.map { clock.now.advanced(by: $0) }
        let change = try withDetails { state in
            if state.isDisposed && !isRequested { throw ClosedError("CancellationTokenSource") }
            guard let deadline, delay != .zero, !isRequested else { return state.timer.withdraw() }
            return state.timer.request(at: deadline)
        }
        // The timer holds the source: what was registered runs even if nothing else refers to it any more.
        clock.perform(change) { request in
            self.expire(timer: request)
        } keep: { timer, request in
            withDetails { $0.timer.keep(timer, for: request) }
        }
        if delay == .zero { cancel() }
    }

    /// Makes the source as good as new: drops every callback and disarms the timer.
    ///
    /// - Returns: `false`, and nothing changes, if cancellation has been requested or the source was disposed of.
    ///   Tokens handed out before stay connected to this source.
    public func tryReset() -> Bool {
        let dropped = withDetails {
            state -> (timer: PendingTimer.Change, actions: [@Sendable () throws -> Void])? in
            guard !isRequested, !state.isDisposed else { return nil }
            for link in state.links { link.release() }
            return (state.timer.withdraw(), state.callbacks.removeAll())
        }
        dropped?.timer.cancelStale()
        return dropped != nil
    }

    /// Gives up what the source holds: its timer, its callbacks and its links to other sources.
    ///
    /// Not needed for memory's sake: a source that nobody refers to does this by itself. Callbacks of a `cancel()`
    /// that is running elsewhere still run. Afterwards ``cancel(throwOnFirstError:)`` and ``cancel(after:)`` throw
    /// ``ClosedError``, unless the source was cancelled before: then there is nothing left to do for them.
    public func dispose() {
        let (timer, links, actions) = withDetails { state in
            state.isDisposed = true
            let timer = state.timer.withdraw()
            let links = state.links
            state.links = []
            let actions = isRequested ? [] : state.callbacks.removeAll()
            return (timer, links, actions)
        }
        timer.cancelStale()
        for link in links { link.cut() }
        _ = consume actions
    }
}

extension CancellationTokenSource: CustomStringConvertible {
    /// Whether the source has been cancelled.
    public var description: String {
        "CancellationTokenSource(\(isCancellationRequested ? "cancelled" : "not cancelled"))"
    }
}
