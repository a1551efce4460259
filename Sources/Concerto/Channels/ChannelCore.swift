public import ConcertoRuntime

/// The implementation that all channels share; use it through ``ChannelProtocol``.
public final class ChannelCore<Element: Sendable>: WaiterHost {
    @usableFromInline let state: Guarded<ChannelState<Element>>
    @usableFromInline let capacity: Int
    @usableFromInline let onDrop: (@Sendable (Element) -> Void)?

    @inlinable
    init(
        capacity: Int, fullMode: ChannelFullMode, onDrop: (@Sendable (Element) -> Void)?,
        order: (@Sendable (Element, Element) -> Bool)?
    ) {
        self.capacity = capacity
        self.onDrop = onDrop
        state = Guarded(ChannelState(capacity: capacity, fullMode: fullMode, order: order))
    }

    @usableFromInline var count: Int { state.withLock { $0.buffer.count } }

    @usableFromInline var statistics: WaitStatistics {
        state.withLock { state in
            [state.writers.statistics, state.readSignals.statistics, state.writeSignals.statistics]
                .reduce(state.readers.statistics) { sum, next in
                    WaitStatistics(
                        waiters: sum.waiters + next.waiters, waits: sum.waits + next.waits,
                        longestWait: max(sum.longestWait, next.longestWait))
                }
        }
    }

    // MARK: Writing

    @inlinable
    func tryWrite(_ item: Element) -> Bool {
        var wakes = WakeList()
        let written = state.withLock { $0.write(item, into: &wakes) }
        wakes.resume()
        switch written {
        case .taken: return true
        case .dropped(let dropped):
            onDrop?(dropped)
            return true
        case .full, .closed: return false
        }
    }

    @inlinable
    nonisolated(nonsending)
        func write(_ item: Element, _ cancellation: CancellationToken) async throws
    {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        var wakes = WakeList()
        let written = state.withLock { $0.write(item, into: &wakes) }
        wakes.resume()
        switch written {
        case .taken: return
        case .dropped(let dropped): onDrop?(dropped)
        case .closed: throw closedError
        case .full: try await writeSlowly(item, cancellation)
        }
    }

    @inlinable
    nonisolated(nonsending)
        func writeSlowly(_ item: Element, _ cancellation: CancellationToken) async throws
    {
        let waiter = ItemWaiter(of: self, role: .writer, isHeld: !cancellation.canBeCancelled)
        waiter.put(item)
        let outcome =
            if cancellation.canBeCancelled {
                await waiter.wait(WaitLimit(cancellation: cancellation)) { admit(writer: waiter) }
            } else {
                await waiter.wait { admit(writer: waiter) }
            }
        withExtendedLifetime(self) {}
        _ = waiter.take(Element.self)
        switch outcome {
        case .granted: return
        case .cancelled, .timedOut: throw CancellationError()
        case .failed: throw closedError
        }
    }

    @inlinable
    func admit(writer: ItemWaiter) -> Bool {
        var wakes = WakeList()
        let sleeps = state.withLock { $0.admitWriter(writer, into: &wakes) }
        wakes.resume()
        return sleeps
    }

    // MARK: Reading

    @inlinable
    func tryRead() -> Element? {
        var wakes = WakeList()
        var drained: TaskHandle<Void>?
        let item = state.withLock { state in
            let item = state.read(into: &wakes)
            if state.isClosed { drained = state.takeCompletion() }
            return item
        }
        wakes.resume()
        if let drained { finish(drained) }
        return item
    }

    /// The next item; `nil` once the channel is completed and drained.
    @inlinable
    nonisolated(nonsending)
        func readOrEnd(_ cancellation: CancellationToken) async throws -> Element?
    {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        if let item = tryRead() { return item }
        return try await readSlowly(cancellation)
    }

    @inlinable
    nonisolated(nonsending)
        func readSlowly(_ cancellation: CancellationToken) async throws -> Element?
    {
        let waiter = ItemWaiter(of: self, role: .reader, isHeld: !cancellation.canBeCancelled)
        let outcome =
            if cancellation.canBeCancelled {
                await waiter.wait(WaitLimit(cancellation: cancellation)) { admit(reader: waiter) }
            } else {
                await waiter.wait { admit(reader: waiter) }
            }
        withExtendedLifetime(self) {}
        switch outcome {
        case .granted: return waiter.take(Element.self)
        case .cancelled, .timedOut: throw CancellationError()
        case .failed: return nil
        }
    }

    @inlinable
    func admit(reader: ItemWaiter) -> Bool {
        var wakes = WakeList()
        var drained: TaskHandle<Void>?
        let sleeps = state.withLock { state in
            let sleeps = state.admitReader(reader, into: &wakes)
            if state.isClosed { drained = state.takeCompletion() }
            return sleeps
        }
        wakes.resume()
        if let drained { finish(drained) }
        return sleeps
    }

    @inlinable
    func peek() -> Element? {
        state.withLock { $0.buffer.count > 0 ? $0.buffer[0] : nil }
    }
}
