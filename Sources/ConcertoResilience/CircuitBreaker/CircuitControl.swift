/// Isolates and closes several circuit breakers together: say, all of a data centre's that is being maintained.
///
/// ```swift
/// let control = CircuitControl()
/// options.control = control          // of each breaker
/// control.isolate()
/// ```
///
/// A breaker that is made while the control is isolated starts isolated. A control keeps no breaker alive.
public final class CircuitControl: Sendable {
    private struct Member: Sendable {
        weak let core: CircuitCore?
    }

    private struct State {
        var isIsolated: Bool
        var members: [Member] = []
    }

    private let state: Guarded<State>

    /// Creates a control.
    ///
    /// - Parameter isolated: Whether its breakers start isolated.
    public init(isolated: Bool = false) {
        state = Guarded(State(isIsolated: isolated))
    }

    /// Whether its breakers have been isolated by it.
    public var isIsolated: Bool { state.withLock { $0.isIsolated } }

    /// Makes all of its breakers turn every call away until ``close()``.
    public func isolate() {
        for core in set(true) { core.change { machine, _ in machine.isolate() } }
    }

    /// Lets calls through all of its breakers again.
    public func close() {
        for core in set(false) { core.change { machine, _ in machine.close() } }
    }

    private func set(_ isIsolated: Bool) -> [CircuitCore] {
        state.withLock { state in
            state.isIsolated = isIsolated
            return state.members.compactMap(\.core)
        }
    }

    /// - Returns: Whether it starts isolated.
    func add(_ core: CircuitCore) -> Bool {
        state.withLock { state in
            if state.members.count.isMultiple(of: 64) { state.members.removeAll { $0.core == nil } }
            if !state.members.contains(where: { $0.core === core }) { state.members.append(Member(core: core)) }
            return state.isIsolated
        }
    }
}
