import Concerto
import ConcertoRuntime
import Synchronization

#if os(Linux)
import CConcerto
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Diagnostics {
    /// Where a dump that a signal asked for goes.
    public enum DumpDestination: Sendable {
        /// Standard error.
        case standardError
        /// A new file in this folder, `concerto-PID-1.txt` and so on, which only this user can read.
        case folder(String)
    }

    #if os(Linux)
    /// Raised by the handler, which may do nothing else. Made before the handler is installed.
    private static let raised = Atomic<Int32>(-1)

    /// Writes the text of a dump whenever the process gets `signal` (`kill -USR1 PID`), on a thread of its own: also while
    /// every thread of the pool is blocked. Signals that come within a second of a dump make one dump together.
    ///
    /// It replaces what the process did on that signal until now, and stays. SIGQUIT would take the place of Swift's
    /// backtracer, which then answers none of its signals any more.
    ///
    /// - Throws: ``DiagnosticsError`` if a signal has been chosen before, or cannot be handled.
    public static func dumpOnSignal(
        _ signal: Int32 = SIGUSR1, to destination: DumpDestination = .standardError
    ) throws(DiagnosticsError) {
        let descriptor = concerto_signal_create()
        guard descriptor >= 0 else { throw DiagnosticsError("the system gives no descriptor for signal \(signal)") }
        guard raised.compareExchange(expected: -1, desired: descriptor, ordering: .sequentiallyConsistent).exchanged
        else {
            close(descriptor)
            throw DiagnosticsError("a signal makes dumps already: it can be one only")
        }
        var (action, former) = (sigaction(), sigaction())
        action.__sigaction_handler.sa_handler = { _ in
            let code = errno
            concerto_signal_raise(Diagnostics.raised.load(ordering: .relaxed))
            errno = code
        }
        action.sa_flags = Int32(SA_RESTART)
        guard sigaction(signal, &action, &former) == 0 else {
            // No handler has seen it.
            raised.store(-1, ordering: .sequentiallyConsistent)
            close(descriptor)
            throw DiagnosticsError("signal \(signal) cannot be handled: choose SIGUSR1 or SIGUSR2")
        }
        guard OwnThread.start("concerto-signal", { dumps(descriptor, destination) }) else {
            sigaction(signal, &former, nil)
            raised.store(-1, ordering: .sequentiallyConsistent)
            // The descriptor stays: a handler on another thread may be about to raise it.
            throw DiagnosticsError("the system refuses a thread for dumps on signal \(signal): call again later")
        }
    }

    private static func dumps(_ descriptor: Int32, _ destination: DumpDestination) {
        var number = 0
        while true {
            _ = concerto_signal_wait(descriptor, -1, -1)
            number += 1
            write(TaskDump.capture().text, number, destination)
            usleep(1_000_000)
        }
    }

    private static func write(_ text: String, _ number: Int, _ destination: DumpDestination) {
        var file: Int32 = 2
        if case .folder(let folder) = destination {
            let path = "\(folder)/concerto-\(getpid())-\(number).txt"
            // Never what is there already: somebody may have put a link in the way.
            file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file >= 0 else {
                return StandardError.write("no dump: \(path): \(SocketPlace.describe(errno))")
            }
        }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { put(file, $0) }
            if count < 0, errno != EINTR { break }
            bytes = bytes.dropFirst(max(count, 0))
        }
        if file != 2 { close(file) }
    }
    #endif
}

/// Inside of a type with a method of that name it is hidden.
private func put(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { write(file, bytes.baseAddress!, bytes.count) }
