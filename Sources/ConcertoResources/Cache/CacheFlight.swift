import Concerto
import ConcertoRuntime

/// One load that is under way, and those who wait for it.
///
/// It is nobody's child: it has a task and a limit of its own. Everything but the constants is protected by the lock of
/// its cache.
@usableFromInline
final class CacheFlight<Key: Hashable & Sendable, Value: Sendable>: FlightNode, @unchecked Sendable {
    let key: Key
    let number: Int
    let since: TimerInstant
    /// How many invalidations of tags came before it.
    let invalidations: UInt64
    /// Whether it goes on when nobody waits: it refreshes a value that is there.
    let isRefresh: Bool
    var waiters = WaiterQueue()
    /// How many want the result.
    var interested = 0
    var result: Result<CachedValue<Value>, any Error>?

    init(_ key: Key, _ number: Int, since: TimerInstant, invalidations: UInt64, isRefresh: Bool) {
        self.key = key
        self.number = number
        self.since = since
        self.invalidations = invalidations
        self.isRefresh = isRefresh
    }
}

/// A load as the graph of loads that wait for loads knows it, in whichever caches they are.
@usableFromInline
class FlightNode: @unchecked Sendable {  // its properties are protected by the graph's lock
    /// The load that the current code is a part of, or was begun by.
    @TaskLocal static var current: FlightNode?
    private static let graph = Guarded(())

    private var successors: [ObjectIdentifier: (node: FlightNode, count: Int)] = [:]
    /// Whether nobody waits for it any more: what it began and did not wait for may still run, and wait for others, but
    /// closes no circle.
    private var hasEnded = false

    /// Notes that the current load, if there is one, waits for this one.
    ///
    /// - Returns: What to give to ``endWait(of:)``; `nil` if this load already waits for the current one.
    func beginWait(of waiting: FlightNode?) -> Bool {
        guard let waiting else { return true }
        return Self.graph.withLock { _ in
            if waiting.hasEnded { return true }
            if reaches(waiting) { return false }
            waiting.successors[ObjectIdentifier(self), default: (self, 0)].count += 1
            return true
        }
    }

    func endWait(of waiting: FlightNode?) {
        guard let waiting else { return }
        Self.graph.withLock { _ in
            let id = ObjectIdentifier(self)
            guard let count = waiting.successors[id]?.count else { return }
            waiting.successors[id] = count > 1 ? (self, count - 1) : nil
        }
    }

    /// The load has landed or was given up.
    func end() {
        Self.graph.withLock { _ in
            hasEnded = true
            successors = [:]
        }
    }

    private func reaches(_ target: FlightNode) -> Bool {
        var seen: Set<ObjectIdentifier> = []
        var open: [FlightNode] = [self]
        while let node = open.popLast() {
            if node === target { return true }
            guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
            open.append(contentsOf: node.successors.values.map(\.node))
        }
        return false
    }
}
