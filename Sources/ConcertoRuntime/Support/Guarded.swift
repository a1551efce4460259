import CConcerto
public import Synchronization

#if os(Linux)
/// A value behind a lock: what every primitive of Concerto keeps its state in, with the interface of
/// `Synchronization.Mutex`.
///
/// `Mutex` itself is no choice here. Its slow path on Linux is a priority-inheriting futex, which hands the lock over to
/// a waiter that sleeps: once a thread has gone to sleep on it, every further section costs two thread switches for as
/// long as anybody comes back before the queue is empty. Such a convoy does not dissolve by itself. On a pool, which
/// replaces threads that sleep, it even grows: four writers and four readers of one channel went from 90 ns an item to
/// 60 µs. Nor can ThreadSanitizer see that slow path, and so it reports what is properly locked.
///
/// This lock is one word: 0 free, 1 held, 2 held and somebody may sleep. Whoever comes first gets it, also before those
/// who sleep; waiting is a short spin and then a futex. So it is not fair. It need not be: the sections under it are a few
/// dozen instructions, never suspend and never call foreign code, and fairness among *tasks* is the waiter queue's.
///
/// Everything a section wrote happens before the next section: the word is taken with an acquiring and given back with a
/// releasing exchange.
@usableFromInline
package struct Guarded<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Sendable: `value` is only touched while `word` is held.
    // A futex needs an address that stays: `_Cell`, the storage of `Mutex` and `Atomic`, has one for as long as it lives.
    @usableFromInline let word: _Cell<Atomic<UInt32>>
    @usableFromInline let value: _Cell<Value>

    /// Locks up `initial`.
    @inlinable
    package init(_ initial: consuming sending Value) {
        word = _Cell(Atomic(0))
        value = _Cell(initial)
    }

    /// Runs `body` with the value while nobody else can.
    @inlinable @inline(__always)
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        let lock = UnsafePointer(word._address)
        let (isFree, _) = lock.pointee.compareExchange(
            expected: 0, desired: 1, successOrdering: .acquiring, failureOrdering: .relaxed)
        if !isFree { waitForLock(lock) }
        defer {
            if lock.pointee.exchange(0, ordering: .releasing) == 2 { wakeOneThread(lock) }
        }
        // Through a copy: for the thread sanitizer 6.3.1 takes an access through the cell for a change of all of `self`.
        let pointer = value._address
        return try body(&pointer.pointee)
    }

    /// Runs `body` with the value where nobody else can have it any more: in `deinit` of the only object that refers to it.
    ///
    /// Counting the references has ordered everything before; ThreadSanitizer does not know, so debug builds lock.
    @inlinable @inline(__always)
    package borrowing func withLastReference<Result: ~Copyable>(_ body: (inout Value) -> Result) -> Result {
        #if DEBUG
        withLock { _ in }
        #endif
        let pointer = value._address
        return body(&pointer.pointee)
    }
}

/// Out of line: callers are inlined into everything that locks.
@usableFromInline @inline(never)
package func waitForLock(_ lock: UnsafePointer<Atomic<UInt32>>) {
    concerto_lock(UnsafeMutableRawPointer(mutating: lock).assumingMemoryBound(to: UInt32.self))
}

/// The lock is free by now, and whoever holds it next may have ended its object: the address is only a name here.
@usableFromInline @inline(never)
package func wakeOneThread(_ lock: UnsafePointer<Atomic<UInt32>>) {
    concerto_futex_wake(UnsafeMutableRawPointer(mutating: lock).assumingMemoryBound(to: UInt32.self), 1)
}
#else
/// A value behind a lock. Where `Mutex` is the system's unfair lock, it is what Linux has to be given.
@usableFromInline
package typealias Guarded = Mutex

extension Mutex where Value: ~Copyable {
    /// Runs `body` with the value where nobody else can have it any more.
    @inlinable
    package borrowing func withLastReference<Result: ~Copyable>(
        _ body: (inout sending Value) -> sending Result
    ) -> sending Result { withLock(body) }
}
#endif
