import CConcerto
package import Concerto
import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Waits until descriptors can be read without blocking: one thread for the process waits for all of them.
///
/// For what may stay silent for long: FIFOs, terminals, sockets, inotify. Regular files are always ready.
package final class FileDescriptorReadiness: Sendable {
    /// What a descriptor is waited for.
    package enum Interest: Sendable {
        case reading
        /// Either of the two, whichever comes first.
        case readingOrWriting

        fileprivate var events: Int16 {
            switch self {
            case .reading: Int16(POLLIN)
            case .readingOrWriting: Int16(POLLIN) | Int16(POLLOUT)
            }
        }
    }

    /// Waits until `descriptor` can be read (or, if that is asked for, written), or is at its end.
    ///
    /// - Parameter limit: What else ends the wait. Its descriptor must stay open for as long.
    /// - Returns: Whether it is ready; `false` once the limit's deadline has come.
    /// - Throws: `CancellationError`.
    @discardableResult
    nonisolated(nonsending)
        package static func wait(
            for descriptor: CInt, _ interest: Interest = .reading, limit: WaitLimit = .none
        ) async throws -> Bool
    {
        #if os(Linux)
        return try await shared.wait(descriptor, interest, limit)
        #else
        while true {
            try Task.checkCancellation()
            if limit.cancellation.isCancellationRequested { throw CancellationError() }
            var request = pollfd(fd: descriptor, events: interest.events, revents: 0)
            if withBlocking({ poll(&request, 1, 20) }) != 0 { return true }
            if let deadline = limit.deadline, deadline <= limit.clock.now { return false }
        }
        #endif
    }

    #if os(Linux)
    /// One wait for one descriptor.
    private final class Watch: WaiterHost {
        struct State: ~Copyable, @unchecked Sendable {  // only used under the lock
            var waiters = WaiterQueue()
            var isReady = false
        }

        let descriptor: CInt
        let interest: Interest
        let state = Guarded(State())

        init(_ descriptor: CInt, _ interest: Interest) {
            self.descriptor = descriptor
            self.interest = interest
        }

        func fire() {
            var wakes = WakeList()
            state.withLock { state in
                state.isReady = true
                state.waiters.grantAll(into: &wakes)
            }
            wakes.resume()
        }

        func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
            var wakes = WakeList()
            state.withLock { _ = $0.waiters.withdraw(waiter, as: outcome, into: &wakes) }
            return wakes
        }
    }

    private static let shared = FileDescriptorReadiness()

    /// Wakes the thread when somebody comes or goes.
    private let wake: (read: CInt, write: CInt)
    private let watches = Guarded<[ObjectIdentifier: Watch]>([:])

    private init() {
        var ends: [CInt] = [0, 0]
        let code = concerto_pipe(&ends)
        guard code == 0 else { fatalError("no pipe for file readiness: \(String(cString: strerror(code)))") }
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        wake = (ends[0], ends[1])
        let result = concerto_thread_start(
            { Unmanaged<FileDescriptorReadiness>.fromOpaque($0!).takeRetainedValue().run() },
            Unmanaged.passRetained(self).toOpaque(), "concerto-ready", 0)
        guard result == 0 else { fatalError("no thread for file readiness: \(String(cString: strerror(result)))") }
    }

    private func run() {
        var scratch = [UInt8](repeating: 0, count: 64)
        while true {
            let current = Array(watches.withLock { $0.values })
            var requests = current.map { pollfd(fd: $0.descriptor, events: $0.interest.events, revents: 0) }
            requests.append(pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0))
            guard poll(&requests, nfds_t(requests.count), -1) > 0 else { continue }
            while read(wake.read, &scratch, scratch.count) > 0 {}
            for (watch, request) in zip(current, requests) where request.revents != 0 {
                // Whoever has gone in the meantime is not told.
                watches.withLock { $0.removeValue(forKey: ObjectIdentifier(watch)) }?.fire()
            }
        }
    }

    private func wakeThread() {
        var byte: UInt8 = 1
        // A full pipe wakes as well.
        _ = write(wake.write, &byte, 1)
    }

    nonisolated(nonsending)
        private func wait(_ descriptor: CInt, _ interest: Interest, _ limit: WaitLimit) async throws -> Bool
    {
        if isCurrentTaskCancelled() { throw CancellationError() }
        let watch = Watch(descriptor, interest)
        watches.withLock { $0[ObjectIdentifier(watch)] = watch }
        wakeThread()
        let waiter = Waiter(of: watch)
        let outcome = await waiter.wait(limit) {
            watch.state.withLock { state in
                state.isReady ? waiter.settle(.granted) : state.waiters.append(waiter)
            }
        }
        guard outcome != .granted else { return true }
        watches.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(watch)) }
        wakeThread()
        return try outcome.isGranted()
    }
    #endif
}
