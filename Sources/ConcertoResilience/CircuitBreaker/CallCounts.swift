/// How many calls there were, and how many of them failed or were slow.
public struct CallCounts: Sendable, Hashable {
    /// All calls that counted.
    public internal(set) var calls = 0
    /// Those that failed.
    public internal(set) var failures = 0
    /// Those that were slow.
    public internal(set) var slow = 0

    mutating func add(_ other: CallCounts) {
        calls += other.calls
        failures += other.failures
        slow += other.slow
    }

    mutating func subtract(_ other: CallCounts) {
        calls -= other.calls
        failures -= other.failures
        slow -= other.slow
    }
}
