public import Synchronization

/// Who holds what and who waits for what: the one seam that deadlock detection and diagnostics stand on.
///
/// It costs one relaxed load per scope until somebody listens: the first `runBlocking` of the process, or
/// ``activate()``. What was taken before that is not known here, and what is taken without a scope (`acquire`, `lock`)
/// has no owner that could be named; both can only hide a cycle, never invent one.
public enum WaitGraph {
    /// Something was taken by a scope that has not ended.
    final class Holding: Sendable {
        let resource: ObjectIdentifier
        let kind: StaticString
        let count: Int
        let site: Site

        init(resource: ObjectIdentifier, kind: StaticString, count: Int, site: Site) {
            self.resource = resource
            self.kind = kind
            self.count = count
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
        /// How many units of a resource there are in all, as told by those who wait for it.
        var totals: [ObjectIdentifier: Int] = [:]
    }

    @usableFromInline static let active = Atomic(false)
    private static let state = Mutex(State())

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
    static func beginWait(_ wait: Wait, total: Int) throws -> UInt64 {
        try state.withLock { state in
            state.totals[wait.resource] = total
            var path: [String] = []
            var visited: Set<ObjectIdentifier> = []
            if !wait.isTimed && state.isStuck(wait.resource, for: wait, &visited, &path) {
                throw DeadlockError(cycle: ["waits for \(wait.kind) at \(wait.site)"] + path)
            }
            state.lastWait += 1
            state.waits[state.lastWait] = wait
            return state.lastWait
        }
    }

    static func endWait(_ id: UInt64) {
        state.withLock { state in
            guard let wait = state.waits.removeValue(forKey: id) else { return }
            if !state.waits.values.contains(where: { $0.resource == wait.resource }) {
                state.totals[wait.resource] = nil
            }
        }
    }
}

extension WaitGraph.State {
    /// Whether nothing of `resource` can come back: every unit is held by a scope that itself waits, directly or
    /// through others, for something that `origin`'s own flow holds.
    func isStuck(
        _ resource: ObjectIdentifier, for origin: WaitGraph.Wait, _ visited: inout Set<ObjectIdentifier>,
        _ path: inout [String]
    ) -> Bool {
        // Seen on this very path: a cycle that does not touch `origin` cannot be left either.
        guard visited.insert(resource).inserted else { return true }
        defer { visited.remove(resource) }
        let holders = holdings[resource] ?? []
        // A unit whose holder is not known may come back at any time.
        guard !holders.isEmpty, holders.reduce(0, { $0 + $1.count }) >= totals[resource] ?? .max else { return false }
        for holder in holders {
            if origin.holdings.contains(where: { $0 === holder }) {
                path.append("which is held by this very flow, from \(holder.site)")
                continue
            }
            let blocked = waits.values.first { wait in
                guard !wait.isTimed, wait.holdings.contains(where: { $0 === holder }) else { return false }
                path.append("which is held from \(holder.site) by a flow that waits for \(wait.kind) at \(wait.site)")
                return isStuck(wait.resource, for: origin, &visited, &path)
            }
            guard blocked != nil else { return false }
        }
        return true
    }
}
