#if HTTP
import ConcertoHTTP
import Synchronization

/// Notes what a delegate is told.
final class Recorder: HTTPCallDelegate {
    private let storage = Mutex<[String]>([])
    private let beforeSending: @Sendable () throws -> Void
    private let ended: @Sendable (AttemptResult) -> Void

    init(
        beforeSending: @escaping @Sendable () throws -> Void = {},
        ended: @escaping @Sendable (AttemptResult) -> Void = { _ in }
    ) {
        self.beforeSending = beforeSending
        self.ended = ended
    }

    var events: [String] { storage.withLock { $0 } }

    private func note(_ event: String) { storage.withLock { $0.append(event) } }

    func willWait() { note("willWait") }
    func didWait() async { note("didWait") }
    func willSend(attempt number: Int) async throws {
        note("willSend \(number)")
        try beforeSending()
    }
    func didSend(_ result: AttemptResult) {
        note("didSend \(result.cause)")
        ended(result)
    }
}
#endif
