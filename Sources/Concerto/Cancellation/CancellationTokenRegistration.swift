import ConcertoRuntime

/// A callback that waits for a ``CancellationToken``; with it the callback can be taken back.
public struct CancellationTokenRegistration: Sendable {
    @usableFromInline let source: CancellationTokenSource?
    @usableFromInline let node: CancellationCallback?
    @usableFromInline let id: UInt

    @inlinable
    init() {
        source = nil
        node = nil
        id = 0
    }

    @inlinable
    init(source: CancellationTokenSource, node: CancellationCallback?, id: UInt) {
        self.source = source
        self.node = node
        self.id = id
    }

    /// The token the callback was registered with; ``CancellationToken/none`` for one that never waited.
    public var token: CancellationToken { CancellationToken(source: source) }

    /// Takes the callback back, without ever waiting.
    ///
    /// - Returns: `true` if the callback has not run and never will; `false` if it has run, is running, or was taken
    ///   back before. Under a race exactly one of "the callback runs" and "`unregister` returns `true`" happens.
    @discardableResult
    @inlinable
    public func unregister() -> Bool {
        source?.remove(node, id) ?? false
    }

    /// Takes the callback back; if it is running on another thread, blocks until it has finished.
    ///
    /// Called from inside a callback of the same source it returns at once. Calling it twice is harmless.
    @available(*, noasync, message: "blocks the thread; in asynchronous code this name awaits instead")
    public func dispose() {
        guard let source, !unregister() else { return }
        let event = ThreadEvent()
        if source.whenFinished(id, { event.signal() }) { CallbackTrampoline.setAside { event.wait() } }
    }

    /// Takes the callback back; if it is running, waits until it has finished.
    ///
    /// Called from inside a callback of the same source it returns at once. Calling it twice is harmless.
    /// - Cancellation: not observed; the wait is as long as the callback runs.
    nonisolated(nonsending)
        public func dispose() async
    {
        guard let source, !unregister() else { return }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            if !source.whenFinished(id, { continuation.resume() }) { continuation.resume() }
        }
    }
}
