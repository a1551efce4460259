import CConcerto
import ConcertoRuntime
public import Synchronization

/// Whose turn it is to read the source of a parallel loop: a lock for which one suspends instead of blocking, because what
/// is done under it is foreign code.
///
/// Not an ``AsyncLock``: that hands over, first come, first served, and where elements are short work every element would
/// be a suspension. Here whoever comes first gets the turn, also before those who sleep, and waiting begins with a short spin:
/// most sources take nanoseconds.
///
/// `word` is 0 while nobody reads, 1 while somebody does, 2 if somebody may sleep as well. **Invariant against a lost
/// wake-up.** Whoever goes to sleep writes 2 under the lock of the queue and is in the queue when that is released. So the
/// one who gives the turn back either finds 2, and then the sleeper in the queue, or has given it back before, and then the
/// sleeper's exchange finds 0 and takes it. A sleeper that was woken takes the turn with 2: others may sleep still.
@usableFromInline
final class SourceTurn: WaiterHost {
    @usableFromInline let word = Atomic<UInt8>(0)
    private let queue = Guarded(WaiterQueue())

    @usableFromInline
    init() {}

    @inlinable
    func tryTake() -> Bool {
        word.compareExchange(
            expected: 0, desired: 1, successOrdering: .acquiring, failureOrdering: .relaxed
        ).exchanged
    }

    /// Takes the turn, waiting for it. Cancellation is not observed: the wait is as long as others read.
    @usableFromInline
    nonisolated(nonsending)
        func take() async
    {
        for _ in 0..<100 {
            concerto_relax()
            if word.load(ordering: .relaxed) == 0, tryTake() { return }
        }
        var isMine = false
        repeat {
            let waiter = Waiter(of: self)
            await waiter.waitUninterruptibly {
                queue.withLock { queue in
                    isMine = word.exchange(2, ordering: .acquiring) == 0
                    return isMine ? waiter.settle(.granted) : queue.append(waiter)
                }
            }
        } while !isMine
    }

    @inlinable
    func giveBack() {
        if word.exchange(0, ordering: .releasing) == 2 { wakeOne() }
    }

    @usableFromInline
    func wakeOne() {
        var wakes = WakeList()
        queue.withLock { _ = $0.grantFirst(into: &wakes) }
        wakes.resume()
    }

    @usableFromInline
    package func withdraw(_ waiter: Waiter, as outcome: Waiter.Outcome) -> WakeList {
        var wakes = WakeList()
        queue.withLock { _ = $0.withdraw(waiter, as: outcome, into: &wakes) }
        return wakes
    }
}
