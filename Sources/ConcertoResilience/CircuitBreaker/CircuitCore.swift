import Synchronization

/// What a ``CircuitBreaker`` and those that continue it share.
final class CircuitCore: Sendable {
    let clock: StrategyClock
    let queue: AdmissionQueue<CircuitMachine>
    let reporter: CircuitReporter
    /// The generation while the circuit is closed, −1 otherwise. Written under the queue's lock. A caller that reads a
    /// generation that has just ended counts as one that began before the change: its result will be ignored.
    private let closedGeneration = Atomic<Int>(0)

    init(_ options: CircuitBreakerOptions) {
        clock = StrategyClock(options.clock)
        let reporter = CircuitReporter(options)
        self.reporter = reporter
        queue = AdmissionQueue(CircuitMachine(options), clock: clock) { reporter.report($0) }
    }

    @inline(__always)
    @discardableResult
    func change<Result>(_ body: (inout CircuitMachine, TimerInstant) -> Result) -> Result {
        queue.update { machine, now in
            let result = body(&machine, now)
            // Nothing else closes a circuit, or opens a closed one.
            if machine.hasNews { publish(machine) }
            return result
        }
    }

    var generationIfClosed: Int { closedGeneration.load(ordering: .acquiring) }

    /// Puts other options in force.
    func update(to options: CircuitBreakerOptions) {
        reporter.update(to: options)
        change { machine, _ in machine.change(to: options) }
    }

    /// Called under the queue's lock.
    private func publish(_ machine: CircuitMachine) {
        closedGeneration.store(machine.state == .closed ? machine.generation : -1, ordering: .releasing)
    }
}
