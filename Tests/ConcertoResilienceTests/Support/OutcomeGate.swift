import ConcertoResilience

/// A body that says it has come and ends as the test wants.
final class OutcomeGate: Sendable {
    private let gate = Gate()
    private let came = Gate()
    private let verdict = Log<CircuitBreakerOptions.Verdict>()

    func wait() async throws {
        arrive()
        await gate.wait()
        switch verdict.entries.first {
        case .failure: throw Failure()
        case .ignored: throw CancellationError()
        case .success, nil: return
        }
    }

    func arrive() { came.open() }

    func arrival() async { await came.wait() }

    func end(_ outcome: CircuitBreakerOptions.Verdict) {
        verdict.append(outcome)
        gate.open()
    }
}
