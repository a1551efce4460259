import CConcerto
public import ConcertoRuntime
public import Synchronization

/// What the workers of one parallel loop share: the source, and how the loop is going.
///
/// The rules of the loop live here. After the first failure nothing more is taken from the source; failures are kept in
/// the order in which they happened; cancellation errors of bodies are dropped where there is a failure: most are only its
/// echo.
///
/// The source is foreign code and may block for as long as it likes. Whoever reads it has a turn, see ``SourceTurn``, and
/// holds no lock: who fails meanwhile says so and cancels the other workers, who wants an element suspends.
@usableFromInline
class LoopState<Element: Sendable>: @unchecked Sendable {
    // Sendable: `index` is only used by whoever has the turn.
    @usableFromInline
    struct State {
        @usableFromInline var errors: [any Error] = []
        /// The addresses of the workers' tasks, by the number that each got; 0 for one that has ended. A task cannot be freed
        /// before it has left, under the lock.
        var workers: [UInt] = []

        @inlinable
        init() {}
    }

    @usableFromInline final let state = Guarded(State())
    /// No element is read any more.
    @usableFromInline final let isStopped = Atomic(false)
    @usableFromInline final let turn = SourceTurn()
    @usableFromInline @exclusivity(unchecked) final var index = 0

    @inlinable
    init() {}

    /// Reads the source; called by whoever has the turn.
    @inlinable
    func read() -> Element? { nil }

    /// The next item and its place in the source; `nil` at the end and after a failure.
    @inlinable @inline(__always)
    nonisolated(nonsending)
        final func next() async -> (index: Int, element: Element)?
    {
        if !turn.tryTake() { await turn.take() }
        defer { turn.giveBack() }
        guard !isStopped.load(ordering: .acquiring) else { return nil }
        guard let element = read() else {
            isStopped.store(true, ordering: .releasing)
            return nil
        }
        defer { index &+= 1 }
        return (index, element)
    }

    @inlinable
    final var hasFailed: Bool { state.withLock { !$0.errors.isEmpty } }

    /// Notes that a body failed, and cancels the other workers if it is the first.
    ///
    /// Not left to the caller, which waits for its workers: it may be reading, and so waiting for one of them.
    @usableFromInline
    final func fail(_ error: any Error) {
        isStopped.store(true, ordering: .releasing)
        let workers = state.withLock { state -> [UInt] in
            let isFirst = state.errors.isEmpty
            // Of bodies that ended as cancelled nobody hears if others failed, whichever came first; as in `whenAll`.
            if !(error is CancellationError) { state.errors.removeAll { $0 is CancellationError } }
            if state.errors.isEmpty || !(error is CancellationError) { state.errors.append(error) }
            guard isFirst else { return [] }
            // They may end while they are being cancelled.
            for worker in state.workers { _ = Self.task(at: worker).map(concerto_object_retain) }
            return state.workers
        }
        for worker in workers {
            guard let task = Self.task(at: worker) else { continue }
            concerto_task_cancel(task)
            concerto_object_release(task)
        }
    }

    /// Called by a worker in its task, first of all.
    ///
    /// - Returns: What ``workerEnds(_:)`` is to be told.
    @usableFromInline
    final func workerBegins() -> Int {
        let task = concerto_task_current()
        let (number, isLate) = state.withLock { state in
            state.workers.append(UInt(bitPattern: task))
            return (state.workers.count - 1, !state.errors.isEmpty)
        }
        if isLate, let task { concerto_task_cancel(task) }
        return number
    }

    /// Called by a worker in its task, last of all.
    @usableFromInline
    final func workerEnds(_ number: Int) { state.withLock { $0.workers[number] = 0 } }

    private static func task(at address: UInt) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: address)
    }

    /// Throws what the loop ends with; `isCancelled` says whether it was cancelled from outside.
    @usableFromInline
    final func finish(isCancelled: Bool) throws {
        try endLoop(state.withLock { $0.errors }, isCancelled: isCancelled)
    }
}

/// A loop over a sequence.
@usableFromInline
final class SequenceLoop<Source: IteratorProtocol>: LoopState<Source.Element>, @unchecked Sendable
where Source.Element: Sendable {
    // Sendable: `source` is only used by `read`, by whoever has the turn.
    @usableFromInline @exclusivity(unchecked) var source: Source

    @inlinable
    init(_ source: Source) {
        self.source = source
        super.init()
    }

    @inlinable
    override func read() -> Source.Element? { source.next() }
}

/// Throws what a parallel loop with these failures ends with.
func endLoop(_ errors: [any Error], isCancelled: Bool) throws {
    if isCancelled {
        // CancellationError can carry nothing on Swift 6.3, so what failed before goes where it is not lost.
        for error in errors where !(error is PromisedFailure) {
            UnobservedError.raise(error, from: "a parallel loop that was cancelled")
        }
        throw CancellationError()
    }
    guard errors.isEmpty else { throw AggregateError(errors) }
}

/// A failure that a promise holds as well: whoever has the promise hears of it, and nobody has to hear of it twice.
struct PromisedFailure: Error {
    let error: any Error
}
