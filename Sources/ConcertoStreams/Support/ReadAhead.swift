public import Concerto
public import ConcertoRuntime
public import Synchronization

/// Sources that are read ahead, by a task each, and one consumer that takes what is there in batches.
///
/// Each source has its share of places, so none is starved. A place is taken from when an element is put in until the loop
/// has it. To keep tasks from waking each other for every element, the consumer takes up to half of what may wait at once,
/// and a source that has to wait goes on when half of its places are free.
///
/// One task drives the sources: it is cancelled when the iterator goes or a source fails, and ends when every source has.
/// So the failure comes out after the others have been cancelled and awaited.
@usableFromInline
final class ReadAhead<Element: Sendable, Failure: Error>: WaiterHost {
    /// What reads one source.
    @usableFromInline typealias Feed = @Sendable (ReadAhead<Element, Failure>) async throws(Failure) -> Void

    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let source: Int
        @usableFromInline let element: Element

        @inlinable
        init(source: Int, element: Element) {
            self.source = source
            self.element = element
        }
    }

    @usableFromInline
    struct Source: Sendable {
        /// How many of its elements are here, or taken and perhaps not with the loop yet.
        @usableFromInline var held = 0
        /// How many of these the consumer has taken.
        @usableFromInline var taken = 0
        @usableFromInline var isWaiting = false

        @inlinable
        init() {}
    }

    @usableFromInline
    struct State: ~Copyable, @unchecked Sendable {  // only used under the lock
        @usableFromInline var ring = StreamRing<Entry>()
        @usableFromInline var sources: [Source]
        @usableFromInline var producers = WaiterQueue()
        @usableFromInline var consumers = WaiterQueue()
        @usableFromInline var driver: Task<Void, Never>?
        @usableFromInline var hasEnded = false
        @usableFromInline var isCancelled = false
        @usableFromInline var failure: Failure?

        @inlinable
        init(sources: Int) { self.sources = Array(repeating: Source(), count: sources) }
    }

    @usableFromInline let state: Guarded<State>
    /// How many elements of one source may be here.
    @usableFromInline let share: Int
    /// How many the consumer takes at once.
    @usableFromInline let batch: Int
    /// Which source failed; -1 while none has.
    @usableFromInline let failedSource = Atomic(-1)

    @inlinable
    init(sources: Int, share: Int) {
        state = Guarded(State(sources: sources))
        self.share = share
        let (capacity, isHuge) = share.multipliedReportingOverflow(by: Swift.max(1, sources))
        batch = isHuge ? share : Swift.max(1, capacity / 2)
    }

    // MARK: The sources

    @usableFromInline
    enum Put {
        case taken
        case full
        case unwanted
    }

    @inlinable
    func put(_ element: Element, _ source: Int) -> Put {
        var wakes = WakeList()
        let put = state.withLock { state -> Put in
            if state.isCancelled { return .unwanted }
            if state.sources[source].held >= share { return .full }
            state.sources[source].held += 1
            state.ring.append(Entry(source: source, element: element))
            if !state.consumers.isEmpty { _ = state.consumers.grantFirst(into: &wakes) }
            return .taken
        }
        wakes.resume()
        return put
    }

    /// - Returns: `false` if nobody wants more.
    @usableFromInline
    func waitForRoom(_ source: Int) async -> Bool {
        let waiter = Waiter(of: self, weight: 1)
        let outcome = await waiter.wait {
            state.withLock { state in
                if state.isCancelled || state.sources[source].held < share { return waiter.settle(.granted) }
                state.sources[source].isWaiting = true
                return state.producers.append(waiter)
            }
        }
        return outcome == .granted
    }

    /// Reads `source` to its end.
    @inlinable
    func pump<Base: AsyncSequence>(
        _ base: Base, _ source: Int
    ) async throws(Failure) where Base.Element == Element, Base.Failure == Failure {
        var iterator = base.makeAsyncIterator()
        while let element = try await iterator.next(isolation: nil) {
            while true {
                switch put(element, source) {
                case .taken: break
                case .unwanted: return
                case .full:
                    guard await waitForRoom(source) else { return }
                    continue
                }
                break
            }
        }
    }

    /// Runs `feeds` at the same time.
    @inlinable
    func start(_ feeds: [Feed]) {
        let placement = StreamPlacement.current
        let task = StreamTask.start(on: placement) { [self] in
            if feeds.count == 1 {
                do throws(Failure) { try await feeds[0](self) } catch { fail(error, source: 0) }
            } else {
                await withTaskGroup(of: Void.self) { group in
                    // asynclint:ignore:next unbounded-task-group — a task a source, and there are as many sources as the caller named
                    for (number, feed) in feeds.enumerated() {
                        group.addTask(on: placement) { [self] in
                            do throws(Failure) { try await feed(self) } catch { fail(error, source: number) }
                        }
                    }
                }
            }
            end()
        }
        let isCancelled = state.withLock { state in
            state.driver = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Notes that a source has failed; of several the first counts. The others are cancelled.
    @usableFromInline
    func fail(_ error: Failure, source: Int) {
        var wakes = WakeList()
        let driver = state.withLock { state -> Task<Void, Never>? in
            // What a cancelled source says is the echo of that.
            guard !state.isCancelled else { return nil }
            state.failure = error
            state.isCancelled = true
            failedSource.store(source, ordering: .releasing)
            state.producers.grantAll(into: &wakes)
            return state.driver
        }
        driver?.cancel()
        wakes.resume()
    }

    @usableFromInline
    func end() {
        var wakes = WakeList()
        state.withLock { state in
            state.hasEnded = true
            state.driver = nil
            state.consumers.grantAll(into: &wakes)
        }
        wakes.resume()
    }

    // MARK: The consumer

    @usableFromInline
    enum Taken {
        case some
        case end
        case nothing
    }

    /// Takes a batch, at most `limit`, into `hand`, which is empty; what was in it before is with the loop by now.
    @inlinable
    func refill(_ hand: inout StreamRing<Entry>, atMost limit: Int) -> Taken {
        var wakes = WakeList()
        let taken = state.withLock { state -> Taken in
            for index in state.sources.indices {
                state.sources[index].held -= state.sources[index].taken
                state.sources[index].taken = 0
            }
            var left = limit
            while left > 0, let entry = state.ring.popFirst() {
                state.sources[entry.source].taken += 1
                hand.append(entry)
                left -= 1
            }
            if !hand.isEmpty {
                // The loop gets the first at once.
                let first = hand[0].source
                state.sources[first].held -= 1
                state.sources[first].taken -= 1
            }
            if !state.producers.isEmpty { state.wakeProducers(half: share / 2, into: &wakes) }
            if !hand.isEmpty { return .some }
            return state.hasEnded ? .end : .nothing
        }
        wakes.resume()
        return taken
    }

    /// - Returns: `false` if the consumer has been cancelled.
    @usableFromInline
    nonisolated(nonsending)
        func waitForElement() async -> Bool
    {
        let waiter = Waiter(of: self, weight: 2)
        let outcome = await waiter.wait {
            state.withLock { state in
                !state.ring.isEmpty || state.hasEnded ? waiter.settle(.granted) : state.consumers.append(waiter)
            }
        }
        return outcome == .granted
    }

    @usableFromInline
    func cancel() {
        var wakes = WakeList()
        let driver = state.withLock { state in
            state.isCancelled = true
            state.producers.grantAll(into: &wakes)
            return state.driver
        }
        driver?.cancel()
        wakes.resume()
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        // The weight says which queue it is in.
        state.withLock { state in
            if waiter.weight == 1 {
                _ = state.producers.withdraw(waiter, as: outcome, into: &wakes)
            } else {
                _ = state.consumers.withdraw(waiter, as: outcome, into: &wakes)
            }
        }
        return wakes
    }
}

extension ReadAhead.State {
    /// Wakes the sources that wait if one of them has room again; those that have none go back to sleep.
    @usableFromInline
    mutating func wakeProducers(half: Int, into wakes: inout WakeList) {
        guard sources.contains(where: { $0.isWaiting && $0.held <= half }) else { return }
        for index in sources.indices { sources[index].isWaiting = false }
        producers.grantAll(into: &wakes)
    }
}
