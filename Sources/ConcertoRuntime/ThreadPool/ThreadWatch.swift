import CConcerto
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Watches a thread that is no worker's and runs jobs: that of a context. A worker is watched by its pool's monitor.
///
/// Nothing happens before a pool that reports blocking is made: ``begin()`` reads a flag.
package final class ThreadWatch: Sendable {
    /// Whether any pool of the process reports blocking.
    private static let isActive = Atomic(false)
    private static let watched = Guarded<[Weak]>([])

    private struct Weak { weak var watch: ThreadWatch? }

    private let name: String
    /// Odd while a job runs; every job has another one.
    private let epoch = Atomic<UInt64>(0)
    private let thread = Atomic<Int32>(0)
    /// What the thread that looks remembers; nobody else touches it.
    private let seen = Atomic<UInt64>(0)
    private let looks = Atomic<Int>(0)

    package init(name: String) { self.name = name }

    /// Says that a job begins on the calling thread. Calls do not nest: who runs a job inside of another pauses the outer one.
    ///
    /// - Returns: Whether it is watched, and ``end()`` has to be called.
    @inline(__always)
    package func begin() -> Bool {
        guard Self.isActive.load(ordering: .relaxed) else { return false }
        follow()
        epoch.wrappingAdd(1, ordering: .releasing)
        return true
    }

    /// Says that the job has ended.
    package func end() { epoch.wrappingAdd(1, ordering: .releasing) }

    /// Says that the job that runs on the calling thread, if any, waits in a way that is known.
    ///
    /// - Returns: Whether there is such a job, and ``resume()`` has to be called.
    package func pause() -> Bool {
        guard epoch.load(ordering: .relaxed) & 1 == 1 else { return false }
        end()
        return true
    }

    /// Says that the job goes on.
    package func resume() { epoch.wrappingAdd(1, ordering: .releasing) }

    private func follow() {
        let current = concerto_thread_id()
        let last = thread.exchange(current, ordering: .relaxed)
        guard last != current else { return }
        concerto_stack_prepare()
        if last == 0 { Self.watched.withLock { $0.append(Weak(watch: self)) } }
    }

    /// Begins to watch; called by every pool that reports.
    static func activate() {
        guard !isActive.exchange(true, ordering: .relaxed) else { return }
        // Without a thread there are no reports; the pool says so itself when it cannot start its own.
        _ = concerto_thread_start(
            { _ in while true { ThreadWatch.lookAtAll() } }, nil, "concerto-watch", 512 * 1024)
    }

    private static func lookAtAll() {
        usleep(UInt32(lookNanoseconds / 1_000))
        let all = watched.withLock { list in
            list.removeAll { $0.watch == nil }
            return list.compactMap(\.watch)
        }
        for watch in all { watch.look() }
    }

    private static let lookNanoseconds: Int64 = 50_000_000

    /// One look. A job that sleeps in three looks in a row, a tenth of a second and more, blocks; it is reported once.
    private func look() {
        let now = epoch.load(ordering: .acquiring)
        guard now & 1 == 1, seen.exchange(now, ordering: .relaxed) == now else {
            looks.store(0, ordering: .relaxed)
            return
        }
        let thread = thread.load(ordering: .relaxed)
        let count = looks.load(ordering: .relaxed)
        guard count >= 0 else { return }
        guard concerto_thread_state(thread) == CChar(bitPattern: UInt8(ascii: "S")) else {
            return looks.store(0, ordering: .relaxed)
        }
        guard count == 2 else { return looks.store(count + 1, ordering: .relaxed) }
        let isReported = BlockingReporter.report(
            name, nil, thread: thread, blockedFor: .nanoseconds(3 * Self.lookNanoseconds), suppressed: 0)
        if isReported { looks.store(-1, ordering: .relaxed) }
    }
}
