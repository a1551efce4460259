/// Results of attempts, by their number, until it is known which of them is the call's.
///
/// It does not know their type: of a generic one the runtime would look up the layout at every call, also of those that
/// are made once and keep nothing here.
@usableFromInline
struct HedgeResults: ~Copyable, Sendable {
    // Not private: 6.3.1 then makes a module that it cannot read.
    struct State: Sendable {
        var results: [(attempt: Int, box: any HedgeBox)] = []
        /// Whether the call has ended: what comes now is nobody's.
        var isClosed = false
    }

    private let state = Guarded(State())

    @usableFromInline
    init() {}

    /// - Returns: Whether it was kept; `false` if the call has ended.
    @usableFromInline
    @discardableResult
    func keep<Value: Sendable>(_ value: Value, of attempt: Int) -> Bool {
        state.withLock { state in
            if !state.isClosed { state.results.append((attempt, ValueBox(value: value))) }
            return !state.isClosed
        }
    }

    @usableFromInline
    func result<Value: Sendable>(of attempt: Int, as type: Value.Type) -> Value? {
        let box = state.withLock { state in state.results.first { $0.attempt == attempt }?.box }
        return (box as? ValueBox<Value>)?.value
    }

    @usableFromInline
    func losers(but winner: Int) -> [any Sendable] {
        state.withLock { state in state.results.filter { $0.attempt != winner }.map(\.box.erased) }
    }

    /// Keeps nothing more.
    ///
    /// - Returns: The results of all but `winner`.
    @usableFromInline
    func close(but winner: Int = 0) -> [any Sendable] {
        state.withLock { state in state.isClosed = true }
        return losers(but: winner)
    }
}

protocol HedgeBox: Sendable {
    var erased: any Sendable { get }
}

/// A result, whose type is asked for as a whole: of an optional one it matters whether it is there.
struct ValueBox<Value: Sendable>: HedgeBox {
    var value: Value
    var erased: any Sendable { value }
}
