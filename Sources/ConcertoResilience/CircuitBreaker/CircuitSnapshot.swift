/// What a ``CircuitBreaker`` can save and start from again, in another process too.
public struct CircuitSnapshot: Sendable, Hashable, Codable {
    /// Where the breaker stood.
    public var state: CircuitState
    /// How long it was still to be open: zero to 100 years; `nil` for not at all.
    public var openFor: Duration?
    /// How many breaks there had been in a row: 0 or more.
    public var consecutiveBreaks: Int

    /// Creates a snapshot.
    public init(state: CircuitState, openFor: Duration? = nil, consecutiveBreaks: Int = 0) {
        self.state = state
        self.openFor = openFor
        self.consecutiveBreaks = consecutiveBreaks
    }
    func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("CircuitBreaker")
        if let openFor { check.requireNotNegative(openFor, "snapshot.openFor") }
        check.require(consecutiveBreaks, "snapshot.consecutiveBreaks", atLeast: 0)
        try check.finish()
    }
}
