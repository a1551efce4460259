extension CancellationTokenSource {
    /// Requests cancellation at once, and runs the callbacks on the pool: one after the other, the last registered
    /// first, none of them on this thread.
    ///
    /// - Returns: A task that ends when they have run; it fails with ``AggregateError`` if some of them threw, and has
    ///   ended already if there are none, or if the source was cancelled before. After ``dispose()`` it has failed with
    ///   ``ClosedError``.
    @discardableResult
    public func cancelAsync() -> TaskHandle<Void> {
        guard begin() else {
            return isCancellationRequested ? .completed : .failed(ClosedError("CancellationTokenSource"))
        }
        guard withDetails({ !$0.callbacks.isEmpty }) else {
            _ = runCallbacks()
            return .completed
        }
        return Task.run(name: "CancellationTokenSource.cancelAsync") {
            let errors = self.runCallbacks()
            guard errors.isEmpty else { throw AggregateError(errors) }
        }
    }
}
