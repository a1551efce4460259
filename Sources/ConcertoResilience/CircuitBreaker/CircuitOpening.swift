/// A circuit that has opened.
public struct CircuitOpening: Sendable {
    /// The breaker's name.
    public let breaker: String?
    /// How long it stays open; `nil` if it has been isolated by hand.
    public let breakDuration: Duration?
    /// The error that opened it, if one did.
    public let cause: (any Error)?
}
