import ConcertoRuntime
public import Synchronization

/// Who holds what and who waits for what: the one seam that deadlock detection and diagnostics stand on.
///
/// It costs one relaxed load per scope until somebody listens: the first `runBlocking` of the process, or
/// ``activate()``. What was taken before that is not known here, and what is taken without a scope (`acquire`, `lock`)
/// has no owner that could be named; both can only hide a cycle, never invent one. For the same reason semaphores to which
/// permits may be added that nobody took (`maxPermits` above `permits`) are no part of a cycle.
public enum WaitGraph {
    /// Something was taken by a scope that has not ended.
    final class Holding: Sendable {
        let resource: ObjectIdentifier
        let kind: StaticString
        let count: Int
        /// Whether others that share may hold the resource at the same time: readers.
        let isShared: Bool
        let site: Site

        init(resource: ObjectIdentifier, kind: StaticString, count: Int, isShared: Bool = false, site: Site) {
            self.resource = resource
            self.kind = kind
            self.count = count
            self.isShared = isShared
            self.site = site
        }
    }

    struct Site: Sendable, CustomStringConvertible {
        let fileID: StaticString
        let line: UInt
        var description: String { "\(fileID):\(line)" }
    }

    struct Wait {
        let resource: ObjectIdentifier
        let kind: StaticString
        /// Whether it asks to share the resource. While others share it already, what keeps it back is only somebody ahead
        /// who may give up.
        var isShared = false
        let site: Site
        let holdings: [Holding]
        /// Whether the wait ends by itself: then it is no part of a deadlock.
        let isTimed: Bool
        let since: ContinuousClock.Instant
    }

    struct State {
        var holdings: [ObjectIdentifier: [Holding]] = [:]
        var waits: [UInt64: Wait] = [:]
        var lastWait: UInt64 = 0
        /// The waits without a limit of the flow that a holding belongs to, by holding.
        var waitsOfHolders: [ObjectIdentifier: [UInt64]] = [:]
        /// How many units of a resource there are in all, as told by those who wait for it, and how many those are.
        var totals: [ObjectIdentifier: (units: Int, waits: Int)] = [:]
    }

    @usableFromInline static let active = Atomic(false)
    private static let state = Guarded(State())

    /// Whether edges are recorded.
    @inlinable
    public static var isActive: Bool { active.load(ordering: .relaxed) }

    /// Records edges from now on, for the rest of the process.
    public static func activate() { active.store(true, ordering: .relaxed) }

    /// Who waits for what now, longest first, one line each.
    public static var waits: [String] {
        let waits = state.withLock { Array($0.waits.values) }
        let now = ContinuousClock.now
        return waits.sorted { $0.since < $1.since }.map {
            "waits for \($0.kind) at \($0.site) since \(now - $0.since)"
                + ($0.holdings.isEmpty
                    ? "" : ", holds " + $0.holdings.map { "\($0.kind) from \($0.site)" }.joined(separator: ", "))
        }
    }

    static func hold(_ holding: Holding) {
        state.withLock { $0.holdings[holding.resource, default: []].append(holding) }
    }

    static func release(_ holding: Holding) {
        state.withLock { state in
            guard var rest = state.holdings[holding.resource] else { return }
            rest.removeAll { $0 === holding }
            state.holdings[holding.resource] = rest.isEmpty ? nil : rest
        }
    }

    /// Adds a wait; throws instead if it would close a cycle.
    ///
    /// - Parameter total: How many units of the resource there are in all; `nil` if somebody may add units that nobody
    ///   took, so that the wait can end whoever holds what.
    /// - Complexity: O(1) for a flow that holds nothing: it cannot close a cycle. O(edges) for others.
    static func beginWait(_ wait: Wait, total: Int?) throws -> UInt64 {
        try state.withLock { state in
            if let total { state.totals[wait.resource] = (total, (state.totals[wait.resource]?.waits ?? 0) + 1) }
            var search = Search(origin: wait)
            if !wait.isTimed && !wait.holdings.isEmpty && state.isStuck(wait, &search) {
                if total != nil { state.forgetTotal(of: wait.resource) }
                throw DeadlockError(cycle: ["waits for \(wait.kind) at \(wait.site)"] + search.path)
            }
            state.lastWait += 1
            state.waits[state.lastWait] = wait
            if !wait.isTimed {
                for holding in wait.holdings {
                    state.waitsOfHolders[ObjectIdentifier(holding), default: []].append(state.lastWait)
                }
            }
            return state.lastWait
        }
    }

    /// Takes a wait out; `hasTotal` says whether it was added with a total.
    static func endWait(_ id: UInt64, hasTotal: Bool) {
        state.withLock { state in
            guard let wait = state.waits.removeValue(forKey: id) else { return }
            if hasTotal { state.forgetTotal(of: wait.resource) }
            guard !wait.isTimed else { return }
            for holding in wait.holdings {
                let rest = state.waitsOfHolders[ObjectIdentifier(holding)]?.filter { $0 != id } ?? []
                state.waitsOfHolders[ObjectIdentifier(holding)] = rest.isEmpty ? nil : rest
            }
        }
    }

    /// A search for a cycle that `origin` would close.
    struct Search {
        struct Step: Hashable {
            let resource: ObjectIdentifier
            let isShared: Bool
        }

        let origin: Wait
        var visited: Set<Step> = []
        var path: [String] = []
    }
}

extension WaitGraph.State {
    /// One of the waits that told the total is over.
    mutating func forgetTotal(of resource: ObjectIdentifier) {
        guard let (units, waits) = totals[resource] else { return }
        totals[resource] = waits > 1 ? (units, waits - 1) : nil
    }

    /// Whether nothing that `asking` waits for can come back: every unit is held by a scope that itself waits, directly or
    /// through others, for something that `search.origin`'s own flow holds.
    ///
    /// Everything that is reached has to be stuck, so the first thing that is not ends the search, and what has been
    /// seen need not be looked at again.
    func isStuck(_ asking: WaitGraph.Wait, _ search: inout WaitGraph.Search) -> Bool {
        let resource = asking.resource
        guard search.visited.insert(.init(resource: resource, isShared: asking.isShared)).inserted else { return true }
        let holders = holdings[resource] ?? []
        if asking.isShared, holders.contains(where: \.isShared) { return false }
        // A unit whose holder is not known may come back at any time.
        guard !holders.isEmpty, let total = totals[resource]?.units, holders.reduce(0, { $0 + $1.count }) >= total
        else { return false }
        for holder in holders {
            if search.origin.holdings.contains(where: { $0 === holder }) {
                search.path.append("which is held by this very flow, from \(holder.site)")
                continue
            }
            let blocking = (waitsOfHolders[ObjectIdentifier(holder)] ?? []).compactMap { waits[$0] }
            guard !blocking.isEmpty else { return false }
            for wait in blocking {
                search.path.append(
                    "which is held from \(holder.site) by a flow that waits for \(wait.kind) at \(wait.site)")
                guard isStuck(wait, &search) else { return false }
            }
        }
        return true
    }
}
