/// Results of attempts, by their number, until it is known which of them is the call's.
@usableFromInline
struct HedgeResults<Value: Sendable>: ~Copyable, Sendable {
    // Not private: 6.3.1 then makes a module that it cannot read.
    struct State: Sendable {
        var results: [(attempt: Int, value: Value)] = []
        /// Whether the call has ended: what comes now is nobody's.
        var isClosed = false
    }

    private let state = Guarded(State())

    @usableFromInline
    init() {}

    /// - Returns: Whether it was kept; `false` if the call has ended.
    @usableFromInline
    @discardableResult
    func keep(_ value: Value, of attempt: Int) -> Bool {
        state.withLock { state in
            if !state.isClosed { state.results.append((attempt, value)) }
            return !state.isClosed
        }
    }

    @usableFromInline
    func result(of attempt: Int) -> Value? {
        state.withLock { state in state.results.first { $0.attempt == attempt }?.value }
    }

    @usableFromInline
    func losers(but winner: Int) -> [Value] {
        state.withLock { state in state.results.filter { $0.attempt != winner }.map(\.value) }
    }

    /// Keeps nothing more.
    ///
    /// - Returns: The results of all but `winner`.
    @usableFromInline
    func close(but winner: Int = 0) -> [Value] {
        state.withLock { state in state.isClosed = true }
        return losers(but: winner)
    }
}
