#if Batch
import Concerto

/// Names for the keys of an API that show nothing of them: key 1, key 2, in the order of coming.
final class AccountLabels: Sendable {
    /// Keys that are told apart; those that come later share one name.
    private static let most = 100_000

    private let numbers = Guarded<[String: Int]>([:])

    func label(of value: String) -> String {
        numbers.withLock { numbers in
            if let number = numbers[value] { return "key \(number)" }
            guard numbers.count < Self.most else { return "other keys" }
            numbers[value] = numbers.count + 1
            return "key \(numbers.count)"
        }
    }
}
#endif
