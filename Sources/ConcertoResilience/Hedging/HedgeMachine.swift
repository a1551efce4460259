/// Decides which attempts of one call begin and which one ends it; pure.
struct HedgeMachine: Sendable {
    /// What the caller of a call is to do next.
    enum Step: Sendable, Hashable {
        /// Begin the next attempt.
        case start
        /// Wait until something happens, or the delay is over.
        case wait(forDelay: Bool)
        /// The call has ended: an attempt has won, or all there may be have failed.
        case decided
    }

    private let maxAttempts: Int
    private var started = 0
    private var running = 0
    /// Whether an attempt has failed since the latest beginning.
    private var hasFailed = false
    /// Whether no further attempts may begin.
    private var isClosed = false
    /// The attempt whose outcome is the call's.
    private(set) var winner: Int?

    init(maxAttempts: Int) {
        self.maxAttempts = maxAttempts
    }

    /// How many attempts have begun.
    var attempts: Int { started }

    /// Whether there is something to do for who waits.
    var hasNews: Bool { isDecided || hasFailed && mayStart }

    var isDecided: Bool { winner != nil || running == 0 && !mayStart }

    private var mayStart: Bool { !isClosed && started < maxAttempts }

    /// - Parameter isDelayOver: Whether the delay since the latest beginning has passed.
    func step(isDelayOver: Bool) -> Step {
        if isDecided { return .decided }
        guard mayStart else { return .wait(forDelay: false) }
        return hasFailed || isDelayOver ? .start : .wait(forDelay: true)
    }

    /// Begins an attempt.
    ///
    /// - Returns: Its number.
    mutating func begin() -> Int {
        started += 1
        running += 1
        hasFailed = false
        return started
    }

    /// No further attempts: the budget is empty, there is no time left, or the caller has been cancelled.
    mutating func close() { isClosed = true }

    /// - Parameter isOutcome: Whether its outcome ends the call, and is not a failure that others may make up for.
    mutating func end(_ attempt: Int, isOutcome: Bool) {
        running -= 1
        guard winner == nil else { return }
        if isOutcome { winner = attempt } else { hasFailed = true }
    }
}
