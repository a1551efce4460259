#if os(Linux)
import CConcerto
import Concerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the handler writes. It is set before the first handler is, and never again.
private nonisolated(unsafe) var signalPipe: CInt = -1

/// Hands the signals of this process to those who want them.
final class SignalDispatch: Sendable {
    /// A loop over signals.
    final class Subscriber: Sendable {
        let numbers: Set<CInt>
        let channel = BoundedChannel<CInt>(capacity: 64, fullMode: .dropOldest)

        init(_ numbers: Set<CInt>) { self.numbers = numbers }
    }

    private struct State: @unchecked Sendable {  // `sigaction` holds pointers to functions, which live for ever
        var subscribers: [ObjectIdentifier: Subscriber] = [:]
        /// What was there before, of every signal that is taken.
        var before: [CInt: sigaction] = [:]
    }

    static let shared = SignalDispatch()

    private let state = Guarded(State())
    private let pipe: CInt

    private init() {
        var ends: [CInt] = [0, 0]
        let code = concerto_pipe(&ends)
        guard code == 0 else { fatalError("no pipe for signals: \(String(cString: strerror(code)))") }
        // A handler must not wait: of signals that come faster than a thread reads bytes some are lost.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        pipe = ends[0]
        signalPipe = ends[1]
        let result = concerto_thread_start(
            { Unmanaged<SignalDispatch>.fromOpaque($0!).takeRetainedValue().run() },
            Unmanaged.passRetained(self).toOpaque(), "concerto-signals", 0)
        guard result == 0 else { fatalError("no thread for signals: \(String(cString: strerror(result)))") }
    }

    private func run() {
        var numbers = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(pipe, &numbers, numbers.count)
            guard count > 0 else { continue }
            let subscribers = Array(state.withLock { $0.subscribers.values })
            for number in numbers[..<count].map(CInt.init) {
                for subscriber in subscribers where subscriber.numbers.contains(number) {
                    _ = subscriber.channel.tryWrite(number)
                }
            }
        }
    }

    func add(_ subscriber: Subscriber) {
        state.withLock { state in
            state.subscribers[ObjectIdentifier(subscriber)] = subscriber
            for number in subscriber.numbers where state.before[number] == nil {
                var action = sigaction()
                action.__sigaction_handler.sa_handler = { number in
                    // Nothing but what a handler may do (signal-safety(7)).
                    let code = errno
                    var byte = UInt8(truncatingIfNeeded: number)
                    _ = write(signalPipe, &byte, 1)
                    errno = code
                }
                action.sa_flags = SA_RESTART
                sigfillset(&action.sa_mask)
                var before = sigaction()
                sigaction(number, &action, &before)
                state.before[number] = before
            }
        }
    }

    func remove(_ subscriber: Subscriber) {
        state.withLock { state in
            state.subscribers[ObjectIdentifier(subscriber)] = nil
            for number in subscriber.numbers {
                if state.subscribers.values.contains(where: { $0.numbers.contains(number) }) { continue }
                if var before = state.before.removeValue(forKey: number) { sigaction(number, &before, nil) }
            }
        }
        subscriber.channel.tryComplete()
    }
}
#endif
