#if Server
import Concerto
import ConcertoRuntime
import Synchronization

/// What the connections of a server have in common: its numbers, whether it ends, and who is still there.
final class ServerLife: Sendable {
    enum Count: Int, CaseIterable {
        case connections, refusedConnections, started, completed, cancelled
        case headerTimeouts, idleTimeouts, slowBodies, writeStalls, oversizedBodies, abandonedDrains
        case deadlines, lateAnswers, badDeadlineHeaders, shed, rateLimited, failures
    }

    let clock: any TimerClock
    let observer: (any RequestObserver)?
    private let counts = Guarded([UInt64](repeating: 0, count: Count.allCases.count))
    private let draining = Atomic(false)
    private let drained = Atomic(false)
    private let drainSource = CancellationTokenSource()
    private let peers = Guarded<[ObjectIdentifier: Peer]>([:])

    init(clock: any TimerClock, observer: (any RequestObserver)? = nil) {
        self.clock = clock
        self.observer = observer
    }

    func count(_ what: Count, by amount: Int = 1) {
        counts.withLock { $0[what.rawValue] &+= UInt64(bitPattern: Int64(amount)) }
    }

    /// Counts a connection; returns whether it is one too many.
    func openConnection(limit: Int?) -> Bool {
        counts.withLock { counts in
            counts[Count.connections.rawValue] &+= 1
            guard let limit, counts[Count.connections.rawValue] > UInt64(limit) else { return false }
            counts[Count.refusedConnections.rawValue] &+= 1
            return true
        }
    }

    subscript(what: Count) -> UInt64 { counts.withLock { $0[what.rawValue] } }

    // MARK: The end

    var isDraining: Bool { draining.load(ordering: .relaxed) }
    var drainToken: CancellationToken { drainSource.token }

    /// The server begins to end: answers say so, and what streams without an end is told.
    func beginDrain() {
        guard !draining.exchange(true, ordering: .relaxed) else { return }
        drainSource.cancel()
    }

    /// Whether balancers have had their time to notice.
    var hasDrained: Bool { drained.load(ordering: .relaxed) }
    func endDrain() { drained.store(true, ordering: .relaxed) }

    /// Nobody is waited for any more.
    func abandonAll() {
        for peer in peers.withLock({ Array($0.values) }) { peer.gone(.shutdown) }
    }

    func add(_ peer: Peer) { peers.withLock { $0[ObjectIdentifier(peer)] = peer } }
    func remove(_ peer: Peer) { _ = peers.withLock { $0.removeValue(forKey: ObjectIdentifier(peer)) } }

    /// How many connections and streams are registered: 0 when all have gone.
    var peerCount: Int { peers.withLock { $0.count } }
}
#endif
