import Concerto
import ConcertoResilience
public import ConcertoRuntime

/// What a cache knows; every function is called under its lock.
///
/// **Invariants.**
///
/// 1. A key has at most one flight in `flights`: what callers may join. A flight that has ended, was given up, or was
///    overtaken by a write or an invalidation is not there any more, before anybody cancels it.
/// 2. A flight stores its result only while it stands in `flights`, and only if none of the value's tags has been
///    invalidated since it began. So nothing older than the latest write or invalidation is ever stored.
/// 3. `byNumber` holds every flight that somebody may wait for; a waiter's weight is its flight's number.
/// 4. `interested` counts everybody from the decision to wait for a flight to the end of that wait, so a flight is
///    given up only when nobody is on the way to its queue either; all others end, because an errand does. So nobody
///    waits for ever.
@usableFromInline
struct CacheState<Key: Hashable & Sendable, Value: Sendable>: ~Copyable {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline var value: Value?
        var error: (any Error)?
        /// From when on a caller has it loaded anew: the end of its life or before.
        @usableFromInline var renews: TimerInstant
        var expires: TimerInstant
        var staleUntil: TimerInstant
        /// Before, a failed load is not repeated.
        var retries = TimerInstant(nanoseconds: .min)
        var weight: Int
        var tags: [String]
        let number: UInt64
        var isMain = false
        @usableFromInline var uses: UInt8 = 0
    }

    /// What a caller is to do.
    enum Decision {
        case give(CachedValue<Value>)
        case fail(any Error)
        /// Wait; `begins` says that the flight has to be started.
        case wait(CacheFlight<Key, Value>, begins: Bool, fallback: Value?)
        /// Go on with the value, and start the flight.
        case refresh(CachedValue<Value>, CacheFlight<Key, Value>)
    }

    @usableFromInline var entries: [Key: Entry] = [:]
    @usableFromInline var statistics = CacheStatistics()
    let options: CacheOptions
    var flights: [Key: CacheFlight<Key, Value>] = [:]
    var byNumber: [Int: CacheFlight<Key, Value>] = [:]
    var errands: [Int: Errand<Value>] = [:]
    var queues = EvictionQueues<Key>()
    /// What was removed since the lock was taken; it goes when the lock has been given back.
    private var released: [[Key: Entry]] = []
    var numbers: UInt64 = 0
    var flightNumbers = 0
    /// When each tag was invalidated, as long as a load from before is under way; at most ``mostInvalidated``.
    private(set) var invalidated: [String: UInt64] = [:]
    /// Up to which invalidation the tags have been forgotten: a load from before that one is kept only without tags.
    private var forgotten: UInt64 = 0
    private(set) var invalidations: UInt64 = 0

    /// How many invalidated tags are remembered. Where loads overlap without end there is never a moment without one, and
    /// tags may be as many as there are users: beyond this the loads under way are not kept, whatever their tags.
    static var mostInvalidated: Int { 1_024 }

    init(_ options: CacheOptions, name: String) {
        self.options = options
        statistics.name = name
    }

    /// The value that can be given at once, and has not to be loaded anew: the path that has to be short.
    @inlinable
    mutating func hit(_ key: Key, at now: TimerInstant) -> Value? {
        guard let index = entries.index(forKey: key), now < entries.values[index].renews else { return nil }
        guard let value = entries.values[index].value else { return nil }
        if entries.values[index].uses < 3 { entries.values[index].uses += 1 }
        statistics.hits += 1
        return value
    }

    mutating func decide(_ key: Key, at now: TimerInstant) -> Decision {
        if let value = hit(key, at: now) { return .give(CachedValue(value: value, isStale: false)) }
        guard let entry = entries[key] else { return join(key, at: now, fallback: nil) }
        if let error = entry.error {
            if now < entry.expires {
                statistics.misses += 1
                return .fail(error)
            }
            return join(key, at: now, fallback: nil)
        }
        guard let value = entry.value else { return join(key, at: now, fallback: nil) }
        if now < entry.expires {
            statistics.hits += 1
            let cached = CachedValue(value: value, isStale: false)
            guard flights[key] == nil, entry.retries <= now else { return .give(cached) }
            return .refresh(cached, begin(key, at: now, isRefresh: true))
        }
        guard now < entry.staleUntil else { return join(key, at: now, fallback: nil) }
        if now < entry.retries {
            statistics.staleHits += 1
            return .give(CachedValue(value: value, isStale: true))
        }
        return join(key, at: now, fallback: value)
    }

    private mutating func join(_ key: Key, at now: TimerInstant, fallback: Value?) -> Decision {
        statistics.misses += 1
        let present = flights[key]
        let flight = present ?? begin(key, at: now, isRefresh: fallback != nil)
        flight.interested += 1
        return .wait(flight, begins: present == nil, fallback: fallback)
    }

    mutating func begin(_ key: Key, at now: TimerInstant, isRefresh: Bool) -> CacheFlight<Key, Value> {
        flightNumbers += 1
        statistics.loads += 1
        let flight = CacheFlight<Key, Value>(
            key, flightNumbers, since: now, invalidations: invalidations, isRefresh: isRefresh)
        flights[key] = flight
        byNumber[flightNumbers] = flight
        return flight
    }

    // MARK: The end of a flight

    mutating func land(
        _ flight: CacheFlight<Key, Value>, _ result: Result<Value, any Error>, weight: Int, tags: [String],
        at now: TimerInstant, into wakes: inout WakeList
    ) {
        guard byNumber.removeValue(forKey: flight.number) != nil else { return }
        errands[flight.number] = nil
        let isCurrent = flights[flight.key] === flight
        if isCurrent { flights[flight.key] = nil }
        switch result {
        case .success(let value):
            statistics.loadTime += flight.since.duration(to: now)
            flight.result = .success(CachedValue(value: value, isStale: false))
            let isOutdated =
                flight.invalidations < forgotten && !tags.isEmpty
                || tags.contains { (invalidated[$0] ?? 0) > flight.invalidations }
            if isCurrent && !isOutdated { store(flight.key, value, weight: weight, tags: tags, at: now) }
        case .failure(let error):
            statistics.failures += 1
            flight.result = .failure(error)
            if isCurrent { keep(error, of: flight, at: now) }
        }
        flight.waiters.grantAll(into: &wakes)
        forgetInvalidatedTags()
    }

    private mutating func forgetInvalidatedTags() {
        if byNumber.isEmpty, !invalidated.isEmpty { invalidated = [:] }
    }

    private mutating func keep(_ error: any Error, of flight: CacheFlight<Key, Value>, at now: TimerInstant) {
        if let index = entries.index(forKey: flight.key), let value = entries.values[index].value {
            entries.values[index].retries = now.advanced(by: options.staleRetry)
            if now < entries.values[index].staleUntil {
                flight.result = .success(CachedValue(value: value, isStale: now >= entries.values[index].expires))
                return
            }
        }
        // A cancellation says nothing about the key.
        guard let errorTimeToLive = options.errorTimeToLive, !(error is CancellationError) else { return }
        let expires = now.advanced(by: errorTimeToLive)
        insert(
            flight.key,
            Entry(
                value: nil, error: error, renews: TimerInstant(nanoseconds: .min), expires: expires,
                staleUntil: expires,
                weight: 1, tags: [], number: 0))
    }

    /// Gives a flight up if this was the last who wanted it and its value is not kept anyway.
    mutating func leave(_ flight: CacheFlight<Key, Value>) -> Errand<Value>? {
        flight.interested -= 1
        guard flight.interested == 0, !flight.isRefresh, !options.keepsLoading else { return nil }
        let number = flight.number
        guard byNumber.removeValue(forKey: number) != nil else { return nil }
        if flights[flight.key] === flight { flights[flight.key] = nil }
        statistics.abandoned += 1
        forgetInvalidatedTags()
        return errands.removeValue(forKey: number)
    }

    // MARK: Entries

    mutating func store(_ key: Key, _ value: Value, weight: Int, tags: [String], at now: TimerInstant) {
        var expires = TimerInstant.distantFuture
        var renews = TimerInstant.distantFuture
        if let timeToLive = options.timeToLive {
            let life = timeToLive * (1 + options.timeToLiveJitter * (2 * options.random.nextUnit() - 1))
            expires = now.advanced(by: life)
            renews = options.refreshAfter.map { now.advanced(by: life * $0) } ?? expires
        }
        let staleUntil = options.staleOnError.map { expires.advanced(by: $0) } ?? expires
        guard weight <= options.capacity else {
            remove(key)
            return
        }
        insert(
            key,
            Entry(
                value: value, error: nil, renews: renews, expires: expires, staleUntil: staleUntil,
                weight: max(0, weight), tags: tags, number: 0))
    }

    private mutating func insert(_ key: Key, _ entry: Entry) {
        let old = entries[key]
        remove(key)
        numbers += 1
        var new = Entry(
            value: entry.value, error: entry.error, renews: entry.renews, expires: entry.expires,
            staleUntil: entry.staleUntil, weight: entry.weight, tags: entry.tags, number: numbers)
        new.uses = old?.uses ?? 0
        new.isMain = old?.isMain ?? queues.isKnown(key)
        entries[key] = new
        statistics.weight += new.weight
        enqueue(key, new)
        while statistics.weight > options.capacity || entries.count > options.capacity, evictOne() {}
        tidyQueues()
    }

    private mutating func enqueue(_ key: Key, _ entry: Entry) {
        let place = EvictionQueues<Key>.Place(key: key, number: entry.number)
        if entry.isMain {
            queues.main.weight += entry.weight
            queues.main.append(place)
        } else {
            queues.small.weight += entry.weight
            queues.small.append(place)
        }
    }

    mutating func remove(_ key: Key) {
        guard let index = entries.index(forKey: key) else { return }
        let (key, entry) = entries.remove(at: index)
        released.append([key: entry])
        forget(entry)
    }

    /// What is to go when the lock has been given back: the `deinit` of a value is the user's, and may come to the cache.
    mutating func takeReleased() -> [[Key: Entry]] {
        defer { released = [] }
        return released
    }

    private mutating func forget(_ entry: Entry) {
        statistics.weight -= entry.weight
        if entry.isMain { queues.main.weight -= entry.weight } else { queues.small.weight -= entry.weight }
    }

    /// Makes a step towards more room.
    ///
    /// - Returns: Whether there was anything left to look at.
    private mutating func evictOne() -> Bool {
        let takesSmall = queues.main.count == 0 || queues.small.weight * 10 >= options.capacity
        if takesSmall, let place = queues.small.popFirst() {
            guard let index = entries.index(forKey: place.key), entries.values[index].number == place.number else {
                return true
            }
            if entries.values[index].uses > 1 {
                queues.small.weight -= entries.values[index].weight
                entries.values[index].uses = 0
                entries.values[index].isMain = true
                enqueue(place.key, entries.values[index])
            } else {
                remove(place.key)
                statistics.evictions += 1
                queues.remember(place.key, limit: entries.count)
            }
            return true
        }
        guard let place = queues.main.popFirst() else { return queues.small.count > 0 }
        guard let index = entries.index(forKey: place.key), entries.values[index].number == place.number else {
            return true
        }
        if entries.values[index].uses > 0 {
            entries.values[index].uses -= 1
            queues.main.append(place)
        } else {
            remove(place.key)
            statistics.evictions += 1
        }
        return true
    }

    /// Drops places without an entry when there are more of them than of others.
    private mutating func tidyQueues() {
        guard queues.small.count + queues.main.count > 2 * entries.count + 64 else { return }
        let entries = entries
        queues.small.keep { entries[$0.key]?.number == $0.number }
        queues.main.keep { entries[$0.key]?.number == $0.number }
    }

    // MARK: Invalidation

    mutating func invalidate(_ key: Key) {
        remove(key)
        flights[key] = nil
    }

    /// Removes the entry alone, and only if its value is meant: what is loading in its place stays.
    mutating func forget(_ key: Key, where isMeant: (Value) -> Bool) {
        guard let value = entries[key]?.value, isMeant(value) else { return }
        remove(key)
    }

    mutating func invalidate(tag: String) {
        invalidations += 1
        if !byNumber.isEmpty {
            if invalidated.count >= Self.mostInvalidated, invalidated[tag] == nil {
                invalidated = [:]
                forgotten = invalidations
            }
            invalidated[tag] = invalidations
        }
        for (key, entry) in entries where entry.tags.contains(tag) { remove(key) }
    }

    mutating func invalidateAll() {
        flights = [:]
        released.append(entries)
        entries = [:]
        statistics.weight = 0
        queues.forgetAll()
    }
}
