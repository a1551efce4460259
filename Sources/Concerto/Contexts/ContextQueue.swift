#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The jobs of a context, and the thread that waits for more.
///
/// Invariant against a lost wake-up: jobs and wake-ups change under `mutex`, which the waiting thread holds from its
/// last look until it sleeps.
final class ContextQueue: @unchecked Sendable {  // all mutable state is protected by `mutex`
    /// A job, and whether it belongs to an actor that lives on the context.
    typealias Entry = (job: UnownedJob, isIsolated: Bool)

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Entry] = []
    private var next = 0
    private var wakeUps: UInt64 = 0

    init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return jobs.count - next
    }

    func append(_ job: UnownedJob, isIsolated: Bool) {
        pthread_mutex_lock(mutex)
        jobs.append((job, isIsolated))
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Makes every waiting `take` look at its condition again.
    func wakeUp() {
        pthread_mutex_lock(mutex)
        wakeUps += 1
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// How many wake-ups there have been; to be read before the condition is looked at.
    var generation: UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return wakeUps
    }

    func poll() -> Entry? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return popFirst()
    }

    /// The next job, waiting for it; `nil` after a wake-up that is newer than `generation`.
    func take(unlessNewerThan generation: UInt64) -> Entry? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let job = popFirst() { return job }
            if wakeUps != generation { return nil }
            pthread_cond_wait(condition, mutex)
        }
    }

    private func popFirst() -> Entry? {
        guard next < jobs.count else { return nil }
        defer {
            next += 1
            // Amortised O(1): the array is compacted when half of it has been taken.
            if next == jobs.count || next > 64 && next * 2 > jobs.count {
                jobs.removeFirst(next)
                next = 0
            }
        }
        return jobs[next]
    }
}
