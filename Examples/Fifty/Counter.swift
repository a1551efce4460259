import Synchronization

/// A number that several tasks change.
final class Counter: Sendable {
    private let number = Atomic(0)

    var value: Int { number.load(ordering: .acquiring) }

    @discardableResult
    func add() -> Int { number.add(1, ordering: .acquiringAndReleasing).newValue }

    func subtract() { number.subtract(1, ordering: .acquiringAndReleasing) }

    func raise(to other: Int) { number.max(other, ordering: .acquiringAndReleasing) }
}
