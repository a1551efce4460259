public import ConcertoRuntime

/// What the workers of one parallel loop share: the source, and how the loop is going.
///
/// The rules of the loop live here. After the first failure nothing more is taken from the source; failures are kept in
/// the order in which they happened; cancellation errors of bodies that come after the first failure are only its
/// echo and are dropped.
@usableFromInline
class LoopState<Element: Sendable>: @unchecked Sendable {
    @usableFromInline
    struct State {
        @usableFromInline var index = 0
        @usableFromInline var isStopped = false
        @usableFromInline var errors: [any Error] = []

        @inlinable
        init() {}
    }

    @usableFromInline final let state = Guarded(State())

    @inlinable
    init() {}

    /// Reads the source; called under the lock, so by one worker at a time.
    @inlinable
    func read() -> Element? { nil }

    /// The next item and its place in the source; `nil` at the end and after a failure.
    @inlinable
    final func next() -> (index: Int, element: Element)? {
        state.withLock { state in
            guard !state.isStopped else { return nil }
            guard let element = read() else {
                state.isStopped = true
                return nil
            }
            defer { state.index += 1 }
            return (state.index, element)
        }
    }

    @inlinable
    final var hasFailed: Bool { state.withLock { !$0.errors.isEmpty } }

    /// Notes that a body failed.
    @usableFromInline
    final func fail(_ error: any Error) {
        state.withLock { state in
            state.isStopped = true
            if error is CancellationError && !state.errors.isEmpty { return }
            state.errors.append(error)
        }
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
    // Sendable: `source` is only used by `read`, under the lock.
    @usableFromInline var source: Source

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
        for error in errors { UnobservedError.raise(error, from: "a parallel loop that was cancelled") }
        throw CancellationError()
    }
    guard errors.isEmpty else { throw AggregateError(errors) }
}
