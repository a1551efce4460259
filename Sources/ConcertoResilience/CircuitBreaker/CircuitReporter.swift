/// Does for a ``CircuitBreaker`` what calls foreign code and so must not be done under its lock: asks how long breaks last,
/// and reports changes of state to streams and telemetry.
final class CircuitReporter: Sendable {
    /// A stream of ``CircuitBreaker/states``.
    private struct Watcher: Sendable {
        let continuation: AsyncStream<CircuitState>.Continuation
        /// The generation whose state it began with.
        let generation: Int
    }

    private let present: Guarded<CircuitBreakerOptions>
    private var options: CircuitBreakerOptions { present.withLock { $0 } }
    private let watchers = Guarded((nextID: 0, all: [Int: Watcher]()))

    init(_ options: CircuitBreakerOptions) {
        present = Guarded(options)
    }

    func update(to options: CircuitBreakerOptions) { present.withLock { $0 = options } }

    deinit {
        // Outside the lock: it ends in `onTermination`.
        let all = watchers.withLock { $0.all }
        for watcher in all.values { watcher.continuation.finish() }
    }

    /// The state of `queue` now and each change from now on.
    func states(_ queue: AdmissionQueue<CircuitMachine>) -> AsyncStream<CircuitState> {
        let (stream, continuation) = AsyncStream.makeStream(of: CircuitState.self)
        // Read and registered in one: `tell` looks for watchers after the change, and under this lock, so it finds this
        // one for every change after `generation`. It skips those up to then that have still to be reported.
        let id = watchers.withLock { watchers in
            let (state, generation) = queue.read { ($0.state, $0.generation) }
            continuation.yield(state)
            watchers.nextID += 1
            watchers.all[watchers.nextID] = Watcher(continuation: continuation, generation: generation)
            return watchers.nextID
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.watchers.withLock { $0.all.removeValue(forKey: id) }
        }
        return stream
    }

    /// Takes the news of `queue`.
    func report(_ queue: AdmissionQueue<CircuitMachine>) {
        while let open = queue.take({ $0.takeOpenEndedBreak() }) {
            let duration = length(of: open.arguments)
            // This has news again: what happened is reported from there.
            queue.update { machine, _ in machine.end(open, after: duration) }
        }
        // One thread at a time takes what there is, and looks again before it stops, so a change that is added meanwhile is
        // reported by it, in its order.
        var isReporter = false
        while true {
            let batch = queue.take { $0.takeTransitions(isReporter: isReporter) }
            guard !batch.isEmpty else { return }
            isReporter = true
            for transition in batch { tell(transition) }
        }
    }

    private func length(of arguments: CircuitBreakerOptions.Break) -> Duration {
        guard case .generated(let generate) = options.breakDuration else { return .zero }
        return max(.zero, generate(arguments))
    }

    private func tell(_ transition: CircuitMachine.Transition) {
        let all = watchers.withLock { Array($0.all.values) }
        for watcher in all where watcher.generation < transition.generation {
            watcher.continuation.yield(transition.state)
        }
        let options = options
        call(options, transition)
        guard options.telemetry.isActive else { return }
        let (name, severity): (ResilienceEvent.Name, ResilienceEvent.Severity) =
            switch transition.state {
            case .closed: (.circuitClosed, .information)
            case .open: (.circuitOpened, .error)
            case .halfOpen: (.circuitHalfOpened, .warning)
            case .isolated: (.circuitIsolated, .error)
            }
        options.telemetry.emit(
            ResilienceEvent(
                name, severity, strategy: options.name, delay: transition.openFor, error: transition.cause))
    }

    private func call(_ options: CircuitBreakerOptions, _ transition: CircuitMachine.Transition) {
        switch transition.state {
        case .closed: options.onClosed?()
        case .halfOpen: options.onHalfOpened?()
        case .open, .isolated:
            options.onOpened?(
                CircuitOpening(breaker: options.name, breakDuration: transition.openFor, cause: transition.cause))
        }
    }
}
