#if os(Linux)
public import Concerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The signals that this process gets, as a stream that never ends by itself.
///
/// ```swift
/// for try await signal in try Signals(SIGTERM, SIGINT) {
///     print("stopping because of signal \(signal)")
///     break
/// }
/// ```
///
/// They are taken from the moment the loop begins, and their handlers of before are put back when the last loop that wants them
/// is left. Each loop gets every signal. Two of a kind that come one after the other are two; the kernel makes one of those that
/// come at the same time.
///
/// - Cancellation: ends the wait.
/// - Where it runs: the loop on its own executor; the handler writes into a pipe that one thread of the process reads.
/// - Ordering: as the kernel delivers them.
/// - Allocates: a channel of 64 places; the oldest goes where a loop is so far behind.
public struct Signals: AsyncSequence, Sendable {
    /// A signal's number.
    public typealias Element = CInt
    /// `CancellationError`.
    public typealias Failure = any Error

    let numbers: Set<CInt>

    /// Names signals; nothing is taken yet.
    ///
    /// - Throws: `ArgumentError` if there is none, for a number that there is not, for signals that cannot be taken (`SIGKILL`,
    ///   `SIGSTOP`), that mean a fault of the thread that gets them (`SIGSEGV` and the like), and for `SIGCHLD`: children belong
    ///   to whatever has started them.
    public init(_ numbers: CInt...) throws(ArgumentError) {
        guard !numbers.isEmpty else { throw ArgumentError("numbers", "[]", "name at least one signal") }
        for number in numbers {
            guard (1...64).contains(number) else {
                throw ArgumentError("numbers", number, "there is no such signal")
            }
            switch number {
            case SIGKILL, SIGSTOP: throw ArgumentError("numbers", number, "nobody can take this signal")
            case SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS:
                throw ArgumentError("numbers", number, "it is a fault of the thread that gets it, which cannot go on")
            case SIGCHLD:
                throw ArgumentError("numbers", number, "children belong to whatever has started them; see Command")
            case 32, 33: throw ArgumentError("numbers", number, "the threads library uses this signal")
            default: break
            }
        }
        self.numbers = Set(numbers)
    }

    /// Takes the signals from now on.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(numbers) }

    /// Yields the signals.
    public final class AsyncIterator: AsyncIteratorProtocol {
        private let subscriber: SignalDispatch.Subscriber
        private var isThrough = false

        init(_ numbers: Set<CInt>) {
            subscriber = SignalDispatch.Subscriber(numbers)
            SignalDispatch.shared.add(subscriber)
        }

        deinit { SignalDispatch.shared.remove(subscriber) }

        /// The next signal.
        public func next() async throws -> CInt? { try await next(isolation: nil) }

        /// The next signal.
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> CInt? {
            if isThrough { return nil }
            do {
                var iterator = subscriber.channel.makeAsyncIterator()
                return try await iterator.next(isolation: actor)
            } catch {
                isThrough = true
                throw error
            }
        }
    }
}

@available(*, unavailable)
extension Signals.AsyncIterator: Sendable {}
#endif
