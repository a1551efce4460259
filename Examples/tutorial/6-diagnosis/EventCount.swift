import ConcertoResilience
import Synchronization

/// How often each event of a pipeline was told.
final class EventCount: Sendable {
    private let counts = Mutex<[ResilienceEvent.Name: Int]>([:])

    func count(_ name: ResilienceEvent.Name) { counts.withLock { $0[name, default: 0] += 1 } }

    subscript(name: ResilienceEvent.Name) -> Int { counts.withLock { $0[name, default: 0] } }
}
