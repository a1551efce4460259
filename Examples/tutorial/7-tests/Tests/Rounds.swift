import Synchronization

/// How many prices each round brought.
final class Rounds: Sendable {
    private let counts = Mutex<[Int]>([])

    var sizes: [Int] { counts.withLock { $0 } }

    func add(_ count: Int) -> Int {
        counts.withLock {
            $0.append(count)
            return $0.count
        }
    }
}
