/// Where a ``CircuitBreaker`` stands.
public enum CircuitState: String, Sendable, Hashable, Codable, CaseIterable {
    /// Calls pass and are counted.
    case closed
    /// Calls are turned away until the break is over.
    case open
    /// A few probes pass, and decide.
    case halfOpen
    /// Opened by hand: calls are turned away until it is closed by hand.
    case isolated
}
