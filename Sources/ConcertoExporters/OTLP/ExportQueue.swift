#if Exporters
/// Spans or lines that wait to be sent: bounded, in batches, one request at a time.
final class ExportQueue<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var dropped = 0
        var isClosed = false
    }

    private let limit: Int
    private let batchSize: Int
    private let delay: Duration
    private let clock: any TimerClock
    private let send: @Sendable ([Item]) async -> Void
    private let state = Guarded(State())
    private let isFull = AsyncAutoResetEvent()
    private let exporting = AsyncLock()

    init(
        limit: Int, batchSize: Int, delay: Duration, clock: any TimerClock,
        send: @escaping @Sendable ([Item]) async -> Void
    ) {
        self.limit = limit
        self.batchSize = batchSize
        self.delay = delay
        self.clock = clock
        self.send = send
    }

    /// Items that found no room, or came when nobody sends any more.
    var dropped: Int { state.withLock { $0.dropped } }
    /// Items that wait.
    var count: Int { state.withLock { $0.items.count } }

    /// Takes an item, or drops it. Never waits.
    func put(_ item: Item) {
        let wakes = state.withLock { state in
            guard !state.isClosed, state.items.count < limit else {
                state.dropped += 1
                return false
            }
            state.items.append(item)
            return state.items.count == batchSize
        }
        if wakes { isFull.set() }
    }

    /// Sends whenever a batch is full or the delay is over, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            guard (try? await isFull.wait(timeout: delay, clock: clock)) != nil else { return }
            try? await drain()
        }
    }

    /// Sends what waits now, in batches, one after the other; waits for the one that is on its way.
    ///
    /// - Cancellation: ends before the next batch.
    func drain() async throws {
        try await exporting.withLock {
            // Not until nothing is left: who records all the time would never be done with.
            var left = count
            while left > 0 {
                try Task.checkCancellation()
                let batch = state.withLock { state -> [Item] in
                    let batch = Array(state.items.prefix(batchSize))
                    state.items.removeFirst(batch.count)
                    return batch
                }
                guard !batch.isEmpty else { return }
                await send(batch)
                left -= batch.count
            }
        }
    }

    /// Takes no more.
    func close() { state.withLock { $0.isClosed = true } }

    /// Counts what waits as dropped.
    func giveUp() {
        state.withLock { state in
            state.dropped += state.items.count
            state.items = []
        }
    }
}
#endif
