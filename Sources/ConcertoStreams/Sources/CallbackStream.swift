public import Concerto
import ConcertoRuntime
import Synchronization

/// A stream of what a callback gets: from a library, a device, a delegate.
///
/// ```swift
/// let events = try CallbackStream<Event>(capacity: 64, whenFull: .dropOldest) { push in
///     let token = device.onEvent { push($0) }
///     return { device.remove(token) }
/// }
/// for try await event in events { … }
/// ```
///
/// The callback is registered with the first `next` and taken back when the loop is left, however that comes. Each iteration
/// registers its own.
///
/// - Cancellation: ends the wait and takes the callback back.
/// - Where it runs: the loop on its own executor; `push` may be called on any thread and never waits.
/// - Ordering: of one thread as it pushes.
/// - Allocates: a channel.
public struct CallbackStream<Element: Sendable>: AsyncSequence, Sendable {
    /// What ``Push/end(_:)`` was given, ``BufferOverflowError``, or `CancellationError`.
    public typealias Failure = any Error

    let capacity: Int
    let fullMode: BufferFullMode
    let register: @Sendable (Push) -> (@Sendable () -> Void)?

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - capacity: How many elements wait for the loop at most.
    ///   - whenFull: What happens to one more; `.wait` is not possible here, as a callback cannot wait.
    ///   - register: Registers `push`; returns what takes that back.
    /// - Throws: `ArgumentError` if `capacity` is below 1 or `whenFull` is `.wait`.
    public init(
        capacity: Int, whenFull: BufferFullMode, register: @escaping @Sendable (Push) -> (@Sendable () -> Void)?
    ) throws(ArgumentError) {
        guard capacity >= 1 else { throw ArgumentError("capacity", capacity, "it must be at least 1") }
        if whenFull == .wait {
            throw ArgumentError("whenFull", "wait", "a callback cannot wait: drop elements, or fail")
        }
        self.capacity = capacity
        fullMode = whenFull
        self.register = register
    }

    /// Where a callback puts its elements.
    public final class Push: Sendable {
        let channel: BoundedChannel<Element>
        private let fails: Bool
        private let drops: Drops

        /// Counts what the channel drops, which it does outside of its lock.
        private final class Drops: Sendable {
            let count = Atomic(0)
        }

        init(capacity: Int, fullMode: BufferFullMode) {
            let drops = Drops()
            self.drops = drops
            let mode: ChannelFullMode =
                switch fullMode {
                case .dropOldest: .dropOldest
                case .dropNewest: .dropNewest
                case .dropWrite: .dropWrite
                case .wait, .fail: .wait
                }
            fails = fullMode == .fail
            channel = BoundedChannel(capacity: capacity, fullMode: mode) { _ in drops.count.add(1, ordering: .relaxed) }
        }

        /// How many elements have been dropped because the loop was too slow.
        public var dropped: Int { drops.count.load(ordering: .relaxed) }

        /// Puts an element in.
        ///
        /// - Returns: Whether somebody still wants elements.
        @discardableResult
        public func callAsFunction(_ element: Element) -> Bool {
            if channel.tryWrite(element) { return true }
            if fails { channel.tryComplete(BufferOverflowError(capacity: channel.capacity)) }
            return false
        }

        /// Says that nothing more comes; what was put in before is still read.
        public func end(_ error: (any Error)? = nil) { channel.tryComplete(error) }
    }

    /// Registers the callback with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Yields what is pushed.
    public final class AsyncIterator: AsyncIteratorProtocol {
        private let stream: CallbackStream
        private let push: Push
        private var unregister: (@Sendable () -> Void)?
        private var isStarted = false
        private var isThrough = false

        init(_ stream: CallbackStream) {
            self.stream = stream
            push = Push(capacity: stream.capacity, fullMode: stream.fullMode)
        }

        deinit { end() }

        /// How many elements have been dropped because the loop was too slow.
        public var dropped: Int { push.dropped }

        private func end() {
            isThrough = true
            push.channel.tryComplete()
            unregister.take()?()
        }

        /// The next element.
        public func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next element.
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if isThrough { return nil }
            do {
                if isCurrentTaskCancelled() { throw CancellationError() }
                if !isStarted {
                    isStarted = true
                    unregister = stream.register(push)
                }
                var iterator = push.channel.makeAsyncIterator()
                if let element = try await iterator.next(isolation: actor) { return element }
            } catch {
                end()
                throw error
            }
            end()
            return nil
        }
    }
}

@available(*, unavailable)
extension CallbackStream.AsyncIterator: Sendable {}
