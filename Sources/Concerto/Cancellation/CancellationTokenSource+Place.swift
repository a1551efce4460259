import CConcerto
import ConcertoRuntime
public import Synchronization

/// The place for one callback: all that most sources ever need, and without a lock.
///
/// `word` is the number of the callback that came last, a bit for the request of cancellation, and a phase:
///
/// - `free`: there is no callback. Whoever exchanges it for `moving` may put one in.
/// - `taken`: the callback with that number is there. Whoever exchanges it for `moving` may take it out.
/// - `moving`: one thread, and nobody else, has the place and may change the word. It is there for a few instructions,
///   calls nobody and ends with a releasing store, so that the next one sees what it wrote.
/// - `closed`: the place is empty for good. Callbacks are kept, and the request is made, under the lock of the source,
///   which alone changes the word from then on.
///
/// A number is never used twice, so whoever comes with the number of a callback that has left cannot take another.
extension CancellationTokenSource {
    @usableFromInline
    enum Phase {
        @usableFromInline static var free: UInt { 0 }
        @usableFromInline static var moving: UInt { 1 }
        @usableFromInline static var taken: UInt { 2 }
        @usableFromInline static var closed: UInt { 3 }
        @usableFromInline static var mask: UInt { 3 }
        @usableFromInline static var requested: UInt { 4 }
        @usableFromInline static var oneNumber: UInt { 8 }
    }

    /// Whether cancellation has been requested.
    @inlinable
    var isRequested: Bool { word.load(ordering: .acquiring) & Phase.requested != 0 }

    /// Puts a callback in.
    ///
    /// - Returns: Its number; `nil` if there is one already, or the place is closed.
    @inlinable
    func putInPlace(_ action: @escaping Callback) -> UInt? {
        let present = word.load(ordering: .relaxed)
        guard present & Phase.mask == Phase.free,
            word.compareExchange(
                expected: present, desired: present | Phase.moving, successOrdering: .acquiring,
                failureOrdering: .relaxed
            ).exchanged
        else { return nil }
        place = action
        let next = present &+ Phase.oneNumber
        word.store(next | Phase.taken, ordering: .releasing)
        return next / Phase.oneNumber
    }

    /// Takes the callback with that number out.
    ///
    /// - Parameters:
    ///   - number: Which one.
    ///   - phase: What the place is afterwards.
    /// - Returns: `nil` if it is not here: it has left, or the source keeps it, see ``closePlace()``.
    @inlinable
    func takeFromPlace(_ number: UInt, leaving phase: UInt = Phase.free) -> Callback? {
        let present = number &* Phase.oneNumber
        guard
            word.compareExchange(
                expected: present | Phase.taken, desired: present | Phase.moving, successOrdering: .acquiring,
                failureOrdering: .relaxed
            ).exchanged
        else { return nil }
        let action = place
        place = nil
        word.store(present | phase, ordering: .releasing)
        return action
    }

    /// Closes the place; once, under the lock of the source.
    ///
    /// - Returns: The callback that was here, and the number of the one that came last.
    func closePlace() -> (action: Callback?, number: UInt) {
        var rounds = 0
        while true {
            let present = word.load(ordering: .relaxed)
            let number = present / Phase.oneNumber
            switch present & Phase.mask {
            case Phase.moving:
                // Somebody between two instructions, and perhaps off its processor.
                rounds += 1
                if rounds < 64 { concerto_relax() } else { concerto_pause() }
            case Phase.taken:
                // Nobody gets into the place in between.
                guard let action = takeFromPlace(number, leaving: Phase.closed) else { continue }
                return (action, number)
            default:
                guard
                    word.compareExchange(
                        expected: present, desired: present | Phase.closed, ordering: .acquiringAndReleasing
                    ).exchanged
                else { continue }
                return (nil, number)
            }
        }
    }

    /// Requests cancellation; under the lock of the source, once it is closed.
    func request() {
        word.store(word.load(ordering: .relaxed) | Phase.requested, ordering: .releasing)
    }

    /// The callback that is here; where nobody else can have the source any more.
    func takeLastFromPlace() -> Callback? {
        let present = word.load(ordering: .acquiring)
        return present & Phase.mask == Phase.taken ? takeFromPlace(present / Phase.oneNumber) : nil
    }
}
