import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Where errors go that nobody asked for: those of failed tasks whose last reference is gone, of cancellation
/// callbacks under a `cancel()` that cannot throw, and of parallel loops that were cancelled from outside.
///
/// By default each of them is one line on standard error; nothing ever crashes because of one. Set ``handler`` to send
/// them to a log instead.
public enum UnobservedErrors {
    /// An error that nobody asked for, and where it comes from.
    public struct Event: Sendable {
        /// The error.
        public let error: any Error

        /// What it comes from, such as `task 17 "import" created at Orders/Import.swift:21`.
        public let origin: String

        /// The line for a log.
        public var message: String { "concerto: unobserved error from \(origin): \(error)" }
    }

    private static let storage = Mutex<(@Sendable (Event) -> Void)?>(nil)

    /// What is done with an unobserved error; `nil` writes one line to standard error.
    ///
    /// It is called on whatever thread drops the last reference, and should be short.
    public static var handler: (@Sendable (Event) -> Void)? {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }

    /// Reports `error`, unless it is a cancellation: those never count as unobserved.
    package static func raise(_ error: any Error, from origin: @autoclosure () -> String) {
        guard !(error is CancellationError) else { return }
        let event = Event(error: error, origin: origin())
        if let handler { return handler(event) }
        let line = event.message + "\n"
        _ = line.utf8CString.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    }
}
