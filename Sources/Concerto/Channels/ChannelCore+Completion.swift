import ConcertoRuntime

extension ChannelCore {
    /// What whoever comes too late gets.
    @usableFromInline var closedError: any Error {
        let error = state.withLock { $0.error }
        return error is CancellationError ? CancellationError() : ChannelClosedError(underlyingError: error)
    }

    @usableFromInline
    func throwIfFailed() throws {
        if let error = state.withLock({ $0.error }) { throw error }
    }

    var completion: TaskHandle<Void> {
        let (handle, isDrained) = state.withLock { state in
            if let handle = state.completion { return (handle, false) }
            let handle = TaskHandle<Void>(promiseNamed: "channel completion")
            // The readers get the error as well: nobody has to ask twice.
            handle.markObserved()
            state.completion = handle
            return (handle, state.isDrained)
        }
        if isDrained { finish(handle) }
        return handle
    }

    /// Ends the completion; called outside the lock, once the channel is drained, by whoever drained it.
    @usableFromInline
    func finish(_ completion: TaskHandle<Void>) {
        if let error = state.withLock({ $0.error }) {
            completion.complete(.failure(error))
        } else {
            completion.complete(.success(()))
        }
    }

    func tryComplete(_ error: (any Error)?) -> Bool {
        var wakes = WakeList()
        var drained: TaskHandle<Void>?
        let won = state.withLock { state in
            guard !state.isClosed else { return false }
            state.isClosed = true
            state.error = error
            // Readers only wait where there is nothing to read; what writers bring is not delivered any more.
            let closed = ChannelClosedError(underlyingError: error)
            state.readers.failAll(with: closed, into: &wakes)
            state.writers.failAll(with: closed, into: &wakes)
            state.readSignals.grantAll(into: &wakes)
            state.writeSignals.grantAll(into: &wakes)
            drained = state.takeCompletion()
            return true
        }
        wakes.resume()
        if let drained { finish(drained) }
        return won
    }

    nonisolated(nonsending)
        func waitToRead(_ cancellation: CancellationToken) async throws -> Bool
    {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if state.withLock({ $0.hasSomethingToRead }) { return true }
        let waiter = Waiter(of: self, weight: ChannelRole.readSignal.rawValue)
        let outcome = await waiter.wait(WaitLimit(cancellation: cancellation)) {
            state.withLock { $0.admitReadSignal(waiter) }
        }
        if outcome == .cancelled { throw CancellationError() }
        let (isReady, error) = state.withLock { ($0.hasSomethingToRead || !$0.isClosed, $0.error) }
        if isReady { return true }
        if let error { throw error }
        return false
    }

    nonisolated(nonsending)
        func waitToWrite(_ cancellation: CancellationToken) async throws -> Bool
    {
        // The other side may only be asking too, with `waitToRead`, and then nobody would ever come.
        if isRendezvous {
            throw ArgumentError("capacity", 0, "a rendezvous has no room to wait for: use write, or select")
        }
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if state.withLock({ $0.hasRoom && !$0.isClosed }) { return true }
        let waiter = Waiter(of: self, weight: ChannelRole.writeSignal.rawValue)
        let outcome = await waiter.wait(WaitLimit(cancellation: cancellation)) {
            state.withLock { $0.admitWriteSignal(waiter) }
        }
        if outcome == .cancelled { throw CancellationError() }
        let (isClosed, error) = state.withLock { ($0.isClosed, $0.error) }
        if let error { throw error }
        return !isClosed
    }

    /// Takes a waiter out because of a cancellation.
    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        state.withLock { $0.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}

extension ChannelState {
    /// The completion, if the channel has just been drained; it is handed out again for later askers.
    @usableFromInline
    mutating func takeCompletion() -> TaskHandle<Void>? {
        guard isDrained, let completion, !completion.isCompleted else { return nil }
        return completion
    }

    /// - Parameter round: The round of the `select` that waits: its own offers are nothing that it could read.
    mutating func admitReadSignal(_ waiter: Waiter, besides round: SelectRound? = nil) -> Bool {
        let isReady = if let round { hasSomethingToRead(besides: round) } else { hasSomethingToRead }
        return isReady || isClosed ? waiter.settle(.granted) : readSignals.append(waiter)
    }

    private func hasSomethingToRead(besides round: SelectRound) -> Bool {
        if buffer.count > 0 { return true }
        var next = writers.first
        while let writer = next {
            if unsafeDowncast(writer, to: ItemWaiter.self).offer?.round !== round { return true }
            next = writer.next?.takeUnretainedValue()
        }
        return false
    }

    mutating func admitWriteSignal(_ waiter: Waiter) -> Bool {
        hasRoom || isClosed ? waiter.settle(.granted) : writeSignals.append(waiter)
    }
}
