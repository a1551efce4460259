public import Concerto
public import ConcertoRuntime
public import Synchronization

/// Several sources that write into one channel, from tasks of their own.
///
/// One task drives them: it is cancelled when the iterator goes or a source fails, and completes the channel once every
/// source has ended. So the failure comes out after the others have been cancelled and awaited.
@usableFromInline
final class Funnel<Event: Sendable, Failure: Error>: Sendable {
    /// What reads one source and writes what it finds.
    @usableFromInline typealias Feed = @Sendable (Funnel<Event, Failure>) async throws(Failure) -> Void

    @usableFromInline
    struct State: Sendable {
        @usableFromInline var driver: Task<Void, Never>?
        @usableFromInline var isCancelled = false
        @usableFromInline var failure: Failure?

        @inlinable
        init() {}
    }

    @usableFromInline let channel: BoundedChannel<Event>
    @usableFromInline let state = Guarded(State())
    /// Which source failed; -1 while none has.
    @usableFromInline let failedSource = Atomic(-1)
    /// For sources that replace each other: which of them counts.
    @usableFromInline let epoch = Atomic(0)

    @inlinable
    init(capacity: Int, fullMode: ChannelFullMode = .wait) {
        channel = BoundedChannel(capacity: capacity, fullMode: fullMode)
    }

    /// Writes `event`, waiting for room.
    ///
    /// - Returns: `false` if nobody wants more: the source may end.
    @inlinable
    func put(_ event: Event) async -> Bool {
        do {
            try await channel.write(event)
            return true
        } catch {
            return false
        }
    }

    /// Reads `source` to its end.
    @inlinable
    func pump<Source: AsyncSequence>(
        _ source: Source, _ wrap: (Source.Element) -> Event
    ) async throws(Failure) where Source.Failure == Failure {
        var iterator = source.makeAsyncIterator()
        while let element = try await iterator.next(isolation: nil) {
            guard await put(wrap(element)) else { return }
        }
    }

    /// Notes that a source has failed; of several the first counts. The others are cancelled.
    @inlinable
    func fail(_ error: Failure, source: Int) {
        let driver = state.withLock { state -> Task<Void, Never>? in
            // What a cancelled source says is the echo of that.
            guard !state.isCancelled, state.failure == nil else { return nil }
            state.failure = error
            state.isCancelled = true
            failedSource.store(source, ordering: .releasing)
            return state.driver
        }
        driver?.cancel()
    }

    @usableFromInline
    func cancel() {
        let driver = state.withLock { state in
            state.isCancelled = true
            return state.driver
        }
        driver?.cancel()
    }

    /// Waits until every source has ended.
    @usableFromInline
    nonisolated(nonsending)
        func join() async
    {
        await state.withLock { $0.driver }?.value
    }

    /// Runs `feeds` at the same time.
    @inlinable
    func start(_ feeds: [Feed]) {
        let placement = StreamPlacement.current
        drive { [self] in
            guard feeds.count != 1 else {
                do throws(Failure) { try await feeds[0](self) } catch { fail(error, source: 0) }
                return
            }
            await withTaskGroup(of: Void.self) { group in
                // asynclint:ignore:next unbounded-task-group — a task a source, and there are as many sources as the caller named
                for (number, feed) in feeds.enumerated() {
                    group.addTask(on: placement) { [self] in
                        do throws(Failure) { try await feed(self) } catch { fail(error, source: number) }
                    }
                }
            }
        }
    }

    /// Runs `body` in the driving task.
    @inlinable
    func drive(_ body: @escaping @Sendable () async -> Void) {
        let task = StreamTask.start(on: StreamPlacement.current) { [self] in
            await body()
            channel.tryComplete()
        }
        let isCancelled = state.withLock { state in
            state.driver = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }
}

/// The reading end of a ``Funnel``: starts it with the first `next` and cancels it when it goes.
@usableFromInline
final class FunnelReader<Event: Sendable, Failure: Error> {
    @usableFromInline let funnel: Funnel<Event, Failure>
    @usableFromInline var begin: ((Funnel<Event, Failure>) -> Void)?
    @usableFromInline var isThrough = false

    @inlinable
    init(_ funnel: Funnel<Event, Failure>, _ begin: @escaping (Funnel<Event, Failure>) -> Void) {
        self.funnel = funnel
        self.begin = begin
    }

    @inlinable
    convenience init(capacity: Int, _ feeds: [Funnel<Event, Failure>.Feed]) {
        self.init(Funnel(capacity: capacity)) { $0.start(feeds) }
    }

    @inlinable
    deinit { if begin == nil { funnel.cancel() } }

    /// The next event; `nil` at the end.
    @inlinable
    func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Event? {
        if isThrough { return nil }
        if isCurrentTaskCancelled() {
            leave()
            try throwIfItCanBe(CancellationError(), as: Failure.self)
            return nil
        }
        startEarly()
        var iterator = funnel.channel.makeAsyncIterator()
        do {
            if let event = try await iterator.next(isolation: actor) { return event }
        } catch {
            leave()
            try throwIfItCanBe(error, as: Failure.self)
            return nil
        }
        isThrough = true
        if let failure = funnel.state.withLock({ $0.failure }) { throw failure }
        return nil
    }

    /// Starts the sources, unless they have been, or the task is cancelled.
    @inlinable
    func startEarly() {
        guard let begin, !isCurrentTaskCancelled() else { return }
        self.begin = nil
        begin(funnel)
    }

    /// Ends the iteration: the sources are cancelled.
    @usableFromInline
    func leave() {
        isThrough = true
        begin = nil
        funnel.cancel()
    }
}
