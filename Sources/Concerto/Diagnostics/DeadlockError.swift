/// A wait that could never end: who waits for what, who holds it, and where.
public struct DeadlockError: Error, CustomStringConvertible {
    /// The steps of the cycle, from the wait that would have closed it.
    public let cycle: [String]

    /// Creates an error.
    public init(cycle: [String]) {
        self.cycle = cycle
    }

    /// The cycle, one step a line.
    public var description: String {
        "deadlock: this wait could never end\n" + cycle.map { "  " + $0 }.joined(separator: "\n")
    }
}
