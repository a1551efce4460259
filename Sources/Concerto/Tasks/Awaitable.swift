public import ConcertoRuntime

/// Something that will end with a value or an error: a ``TaskHandle``, Swift's `Task`, a ``ValueTask``, the task of a
/// ``TaskCompletionSource``. All combinators take any of them.
public protocol Awaitable<Success>: Sendable {
    /// What it ends with.
    associatedtype Success: Sendable

    /// Waits for the end and returns how it was. Asking counts as having observed an error.
    ///
    /// - Cancellation: of the waiting task is not observed; see ``wait(timeout:clock:cancellation:)``.
    nonisolated(nonsending) var outcome: Result<Success, any Error> { get async }

    /// The same operation as a ``TaskHandle``, to which many can wait with limits; the handle itself where it is one.
    var handle: TaskHandle<Success> { get }

    /// Asks the operation to stop.
    func cancel()
}

extension Awaitable {
    /// Waits for the end, but not for longer than `timeout` or until cancelled. The operation itself runs on.
    ///
    /// If it has already ended, its own outcome wins over a cancellation and a timeout of zero.
    /// - Parameters:
    ///   - timeout: How long to wait at most; `nil` waits for as long as it takes.
    ///   - clock: Measures `timeout`.
    ///   - cancellation: Ends the wait, as the cancellation of the waiting task does.
    /// - Throws: What the operation throws; ``TimeoutError``; `CancellationError` if the wait was cancelled;
    ///   ``ArgumentError`` if `timeout` is negative, also when the operation has ended.
    nonisolated(nonsending)
        public func wait(
            timeout: Duration? = nil, clock: any TimerClock = MonotonicClock(), cancellation: CancellationToken = .none
        ) async throws -> Success
    {
        if let timeout, timeout < .zero { throw ArgumentError("timeout", timeout, "it must not be negative") }
        return try await handle.wait(timeout, clock, cancellation)
    }
}

extension Task: Awaitable {
    /// Waits for the end and returns how it was; the cancellation of the waiting task is not observed.
    nonisolated(nonsending) public var outcome: Result<Success, any Error> {
        get async {
            switch await result {
            case .success(let value): .success(value)
            case .failure(let error): .failure(error)
            }
        }
    }

    /// A handle that ends as this task does, and whose `cancel()` cancels it; the same one whenever it is asked for while
    /// the task runs, and it goes when the task ends. The first costs a task, the others a look into a table. Its error
    /// never counts as unobserved.
    public var handle: TaskHandle<Success> { SwiftTaskHandles.handle(of: self) }
}
