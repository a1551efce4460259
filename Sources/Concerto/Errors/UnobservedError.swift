import ConcertoRuntime

/// An error that nobody asked for: of a failed task whose last reference is gone, of a cancellation callback under a
/// `cancel()` that cannot throw, of a parallel loop that was cancelled from outside.
///
/// See `TaskHandle.onUnobservedError`.
public struct UnobservedError: Error, CustomStringConvertible {
    /// The error itself.
    public let error: any Error

    /// Where it comes from, such as `task 17 "import" created at Orders/Import.swift:21`.
    public let origin: String

    /// The line for a log.
    public var description: String { "unobserved error from \(origin): \(error)" }

    /// In a type of its own: where a generic lock guards a closure itself, every look at it wraps it once more, converted to
    /// the generic form and back, and after some 100,000 of them a call overflows the stack.
    private struct Handler {
        var call: (@Sendable (UnobservedError) -> Void)?
    }

    private static let handler = Guarded(Handler())

    static var currentHandler: (@Sendable (UnobservedError) -> Void)? {
        get { handler.withLock { $0 }.call }
        set { handler.withLock { $0 = Handler(call: newValue) } }
    }

    /// Reports `error`, unless it is a cancellation: those never count as unobserved.
    package static func raise(_ error: any Error, from origin: @autoclosure () -> String) {
        guard !(error is CancellationError) else { return }
        let event = UnobservedError(error: error, origin: origin())
        if let handler = currentHandler { return handler(event) }
        StandardError.write("\(event)")
    }
}
