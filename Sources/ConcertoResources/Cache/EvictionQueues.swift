/// Which value makes room: S3-FIFO, from "FIFO queues are all you need for cache eviction" (Yang and others, SOSP
/// 2023).
///
/// New keys go through a small queue, a tenth of the weight; only those that are asked for again reach the main queue.
/// So a scan over many keys pushes out nothing but itself. Keys that left the small queue are remembered for a while,
/// and go straight to the main queue if they come back. A hit only counts up, to 3.
///
/// Places whose entry is gone, or has been written anew, are skipped when their turn comes; there are at most as many
/// of them as others.
@usableFromInline
struct EvictionQueues<Key: Hashable & Sendable>: Sendable {
    struct Place {
        let key: Key
        /// Tells an entry from a later one of the same key.
        let number: UInt64
    }

    /// A queue whose head moves; what lies before it is dropped when it is more than half.
    struct Queue {
        private var places: [Place?] = []
        private var head = 0
        var weight = 0

        var count: Int { places.count - head }

        mutating func append(_ place: Place) { places.append(place) }

        mutating func popFirst() -> Place? {
            guard head < places.count else { return nil }
            defer {
                head += 1
                if head > 32, head * 2 > places.count {
                    places.removeFirst(head)
                    head = 0
                }
            }
            return places[head].take()
        }

        mutating func keep(_ isPresent: (Place) -> Bool) {
            places = places[head...].filter { place in place.map(isPresent) ?? false }
            head = 0
        }
    }

    var small = Queue()
    var main = Queue()
    private var ghosts: Set<Key> = []
    private var ghostQueue: [Key] = []
    private var ghostHead = 0

    /// Whether a new entry of `key` goes to the main queue.
    mutating func isKnown(_ key: Key) -> Bool { ghosts.remove(key) != nil }

    /// Remembers a key that has left the small queue; as many as there are entries.
    mutating func remember(_ key: Key, limit: Int) {
        guard ghosts.insert(key).inserted else { return }
        ghostQueue.append(key)
        while ghosts.count > max(1, limit), ghostHead < ghostQueue.count {
            ghosts.remove(ghostQueue[ghostHead])
            ghostHead += 1
        }
        if ghostHead > 32, ghostHead * 2 > ghostQueue.count {
            ghostQueue.removeFirst(ghostHead)
            ghostHead = 0
        }
        // Keys that came back have left places behind.
        if ghostQueue.count - ghostHead > 2 * max(32, limit) {
            ghostQueue = ghostQueue[ghostHead...].filter(ghosts.contains)
            ghostHead = 0
        }
    }

    mutating func forgetAll() { self = EvictionQueues() }
}
