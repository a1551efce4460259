import ConcertoRuntime
import Synchronization

extension Task where Success == Never, Failure == Never {
    /// The tasks of `awaitables` one by one, each when it has ended: a failed task is an element like any other.
    ///
    /// ```swift
    /// for try await download in Task.whenEach(downloads) {
    ///     switch await download.outcome { … }
    /// }
    /// ```
    ///
    /// - Cancellation: of the iterating task or of the token ends the iteration with `CancellationError`, also if the next
    ///   element is there; the tasks run on.
    /// - Ordering: those that have ended first, in input order; then in the order in which they end. A task that
    ///   appears twice is an element twice.
    /// - Allocates: one callback for each input that has not ended; they are taken back when the sequence and its
    ///   iterator go.
    public static func whenEach<Input: Awaitable>(
        _ awaitables: [Input], cancellation: CancellationToken = .none
    ) -> WhenEachSequence<Input> {
        WhenEachSequence(awaitables, cancellation)
    }

    /// The tasks of `awaitables`, which may be of different kinds, one by one, each when it has ended.
    ///
    /// The rules of cancellation and order are those of the form that takes one kind.
    public static func whenEach<Value: Sendable>(
        _ awaitables: [any Awaitable<Value>], cancellation: CancellationToken = .none
    ) -> WhenEachSequence<TaskHandle<Value>> {
        whenEach(awaitables.map { $0.handle }, cancellation: cancellation)
    }
}

/// Awaitables in the order in which they end. It can be iterated once: a second iteration is empty.
public struct WhenEachSequence<Input: Awaitable>: AsyncSequence, Sendable {
    /// An awaitable that has ended.
    public typealias Element = Input

    final class Inbox: WaiterHost {
        struct State: ~Copyable {
            var ended: [Int] = []
            var next = 0
            var waiters = WaiterQueue()
            var isTaken = false
            /// What takes the callbacks back from tasks that outlive the iteration.
            var callbacks: [(handle: TaskHandle<Input.Success>, id: UInt64)] = []
        }

        let awaitables: [Input]
        let cancellation: CancellationToken
        let state = Guarded(State())

        init(_ awaitables: [Input], _ cancellation: CancellationToken) {
            self.awaitables = awaitables
            self.cancellation = cancellation
        }

        deinit {
            for (handle, id) in state.withLock({ $0.callbacks }) { handle.removeCallback(id) }
        }

        func start() {
            let callbacks = awaitables.enumerated().map { index, awaitable in
                let handle = awaitable.handle
                handle.markObserved()
                // Weak: a task that never ends must not keep an iteration that was left.
                return (handle, handle.addCallback(.synchronous) { [weak self] _ in self?.end(index) })
            }
            state.withLock { $0.callbacks = callbacks }
        }

        private func end(_ index: Int) {
            var wakes = WakeList()
            state.withLock { state in
                state.ended.append(index)
                _ = state.waiters.grantFirst(into: &wakes)
            }
            wakes.resume()
        }

        func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
            var wakes = WakeList()
            state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
            return wakes
        }

        func next(isolation: isolated (any Actor)?) async throws -> Input? {
            if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
            if let index = state.withLock({ $0.take() }) { return awaitables[index] }
            guard state.withLock({ $0.next < awaitables.count }) else { return nil }
            let waiter = Waiter(of: self)
            let outcome = await waiter.wait(WaitLimit(cancellation: cancellation)) {
                state.withLock { $0.admit(waiter) }
            }
            if outcome == .cancelled { throw CancellationError() }
            return state.withLock { $0.take() }.map { awaitables[$0] }
        }
    }

    private let inbox: Inbox

    init(_ awaitables: [Input], _ cancellation: CancellationToken) {
        inbox = Inbox(awaitables, cancellation)
        inbox.start()
    }

    /// Iterates; the first iterator gets everything, further ones nothing.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let inbox: Inbox?

        /// Waits for the next task to end.
        public mutating func next() async throws -> Input? { try await next(isolation: nil) }

        /// Waits for the next task to end.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Input? {
            try await inbox?.next(isolation: actor)
        }
    }

    /// Starts the one iteration.
    public func makeAsyncIterator() -> AsyncIterator {
        let isFirst = inbox.state.withLock { state in
            defer { state.isTaken = true }
            return !state.isTaken
        }
        return AsyncIterator(inbox: isFirst ? inbox : nil)
    }
}

extension WhenEachSequence.Inbox.State {
    mutating func take() -> Int? {
        guard next < ended.count else { return nil }
        defer { next += 1 }
        return ended[next]
    }

    mutating func admit(_ waiter: Waiter) -> Bool {
        next < ended.count ? waiter.settle(.granted) : waiters.append(waiter)
    }
}
