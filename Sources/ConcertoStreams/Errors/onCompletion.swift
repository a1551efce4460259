public import ConcertoRuntime

/// How an iteration over a stream ended.
public enum StreamCompletion: Sendable {
    /// The source ended.
    case finished
    /// The source failed.
    case failed(any Error)
    /// The task that iterates was cancelled.
    case cancelled
    /// The loop was left early.
    case left
}

extension AsyncSequence {
    /// Calls `action` once for each iteration that has begun, when it is over, however that comes.
    ///
    /// - Where it runs: in the `next` that ends the stream; where the loop is left early, before the statement after it.
    @inlinable
    public func onCompletion(_ action: @escaping @Sendable (StreamCompletion) -> Void) -> OnCompletionSequence<Self> {
        OnCompletionSequence(base: self, action: action)
    }
}

/// A stream that tells how it ended; made by `onCompletion(_:)`.
public struct OnCompletionSequence<Base: AsyncSequence>: AsyncSequence {
    /// What comes out.
    public typealias Element = Base.Element
    /// What the source throws.
    public typealias Failure = Base.Failure

    @usableFromInline let base: Base
    @usableFromInline let action: @Sendable (StreamCompletion) -> Void

    @inlinable
    init(base: Base, action: @escaping @Sendable (StreamCompletion) -> Void) {
        self.base = base
        self.action = action
    }

    /// Yields the elements.
    public final class AsyncIterator: AsyncIteratorProtocol {
        // Goes before the action is called, so that the source's clean-up is over by then.
        @usableFromInline var base: Base.AsyncIterator?
        @usableFromInline let action: @Sendable (StreamCompletion) -> Void
        @usableFromInline var hasBegun = false

        @inlinable
        init(base: Base.AsyncIterator, action: @escaping @Sendable (StreamCompletion) -> Void) {
            self.base = base
            self.action = action
        }

        @inlinable
        deinit {
            guard hasBegun, base != nil else { return }
            base = nil
            action(.left)
        }

        /// The next element.
        @inlinable
        public func next() async throws(Failure) -> Element? { try await next(isolation: nil) }

        /// The next element.
        @inlinable
        public func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            hasBegun = true
            guard var current = base else { return nil }
            do throws(Failure) {
                let element = try await current.next(isolation: actor)
                if element == nil {
                    base = nil
                    action(isCurrentTaskCancelled() ? .cancelled : .finished)
                } else {
                    base = current
                }
                return element
            } catch {
                base = nil
                action(error is CancellationError ? .cancelled : .failed(error))
                throw error
            }
        }
    }

    /// Starts to read the source.
    @inlinable
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), action: action)
    }
}

extension OnCompletionSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension OnCompletionSequence.AsyncIterator: Sendable {}
