import ConcertoRuntime
public import Synchronization

/// Who holds what and who waits for what: the one seam that deadlock detection and diagnostics stand on.
///
/// It costs one relaxed load per scope and per wait until somebody listens: the first `runBlocking` of the process, or
/// ``activate()``. What was taken before that is not known here, and what is taken without a scope (`acquire`, `lock`)
/// has no owner that could be named; both can only hide a cycle, never invent one. For the same reason semaphores to which
/// permits may be added that nobody took (`maxPermits` above `permits`) are no part of a cycle. Waits for what nobody can
/// be said to hold (events, barriers, channels, `select`, tasks) are listed in ``waits`` and are no part of a cycle either.
public enum WaitGraph {
    /// Something was taken by a scope that has not ended.
    final class Holding: Sendable {
        let resource: ObjectIdentifier
        let label: Label
        /// How many units; `nil` if nobody who waits gets in before this one has left, whoever else leaves.
        let count: Int?
        let party: Party
        let site: Site
        let since = ContinuousClock.now

        init(resource: ObjectIdentifier, label: Label, count: Int?, party: Party, site: Site) {
            self.resource = resource
            self.label = label
            self.count = count
            self.party = party
            self.site = site
        }
    }

    struct Site: Sendable, CustomStringConvertible {
        let fileID: StaticString
        let line: UInt
        var description: String { "\(fileID):\(line)" }
    }

    /// Tells one lock from another: the name it was given, else where it was created. Formatted when somebody asks.
    struct Label: Sendable, CustomStringConvertible {
        let kind: StaticString
        let name: String?
        let site: Site
        /// Which of a keyed lock's locks it is.
        var key: (any Sendable)?

        var description: String {
            let identity = name.map { "\(kind) \"\($0)\"" } ?? "\(kind) created at \(site)"
            return identity + (key.map { " for key \($0)" } ?? "")
        }
    }

    /// Who holds or waits: a task, or the thread that blocks in `runBlocking`.
    enum Party: Sendable, CustomStringConvertible {
        case task(name: String?, id: UInt64)
        case thread(Site)

        /// The running task.
        static var current: Party {
            withUnsafeCurrentTask { task in
                guard let task else { return .task(name: nil, id: 0) }
                return .task(name: Task<Never, Never>.name, id: task.number)
            }
        }

        var description: String {
            switch self {
            case .task(let name?, let id): "task \"\(name)\" (#\(id))"
            case .task(nil, 0): "a task"
            case .task(nil, let id): "task #\(id)"
            case .thread(let site): "the thread in runBlocking at \(site)"
            }
        }
    }

    struct Wait {
        let resource: ObjectIdentifier
        let label: Label
        let party: Party
        let site: Site
        let holdings: [Holding]
        /// Whether the wait ends by itself: then it is no part of a deadlock.
        let isTimed: Bool
        let since: ContinuousClock.Instant
    }

    struct State {
        var holdings: [ObjectIdentifier: [Holding]] = [:]
        var waits: [UInt64: Wait] = [:]
        /// The waits for what has no owner, by their waiter.
        var ownerless: [ObjectIdentifier: OwnerlessWait] = [:]
        var lastWait: UInt64 = 0
        /// The waits without a limit of the flow that a holding belongs to, by holding.
        var waitsOfHolders: [ObjectIdentifier: [UInt64]] = [:]
        /// How many units of a resource there are in all, as told by those who wait for it, and how many those are.
        var totals: [ObjectIdentifier: (units: Int, waits: Int)] = [:]
    }

    /// A wait for something that nobody holds.
    struct OwnerlessWait {
        let resource: any AnyObject & Sendable
        let party: Party
        let since: ContinuousClock.Instant
    }

    @usableFromInline static let active = Atomic(false)
    private static let state = Guarded(State())

    /// Whether edges are recorded.
    @inlinable
    public static var isActive: Bool { active.load(ordering: .relaxed) }

    /// Records edges from now on, for the rest of the process.
    public static func activate() { active.store(true, ordering: .relaxed) }

    /// Who waits for what now, longest first, one line each; ``snapshot`` has the same for programs.
    public static var waits: [String] { snapshot.waits.map(\.description) }

    /// Who holds what now, longest first, one line each; only what was taken by a scope (`withLock`, `withPermit`) while
    /// edges were recorded.
    public static var holdings: [String] { snapshot.holdings.map(\.description) }

    /// What is recorded, copied out of the lock.
    static var recorded:
        (
            waits: [Wait], ownerless: [OwnerlessWait], holdings: [Holding],
            totals: [ObjectIdentifier: (units: Int, waits: Int)]
        )
    {
        state.withLock { state in
            (
                Array(state.waits.values), Array(state.ownerless.values), state.holdings.values.flatMap { $0 },
                state.totals
            )
        }
    }

    static func name(of resource: any AnyObject & Sendable) -> String {
        if let resource = resource as? any LabelledResource { return resource.label.description }
        return (resource as? any CustomStringConvertible)?.description ?? "\(type(of: resource))"
    }

    /// Lists a wait for a resource without an owner that the graph knows; the waits for an ``OwnedResource`` list
    /// themselves.
    ///
    /// - Parameter waiter: Tells this wait from others, until ``unlist(_:)``.
    /// - Returns: Whether it is listed, and has to be taken off.
    static func list(_ waiter: AnyObject, for resource: any AnyObject & Sendable) -> Bool {
        if resource is any OwnedResource { return false }
        let wait = OwnerlessWait(resource: resource, party: Flow.current.owner, since: .now)
        state.withLock { $0.ownerless[ObjectIdentifier(waiter)] = wait }
        return true
    }

    static func unlist(_ waiter: AnyObject) { state.withLock { $0.ownerless[ObjectIdentifier(waiter)] = nil } }

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
            if !wait.isTimed && !wait.holdings.isEmpty && state.isStuck(wait.resource, &search) {
                if total != nil { state.forgetTotal(of: wait.resource) }
                throw DeadlockError(cycle: ["\(wait.party) waits for \(wait.label) at \(wait.site)"] + search.path)
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
        let origin: Wait
        /// What is stuck if everything that is still looked at is.
        var visited: Set<ObjectIdentifier> = []
        /// What is not stuck, whatever else is.
        var free: Set<ObjectIdentifier> = []
        var path: [String] = []
    }
}

extension WaitGraph.State {
    /// One of the waits that told the total is over.
    mutating func forgetTotal(of resource: ObjectIdentifier) {
        guard let (units, waits) = totals[resource] else { return }
        totals[resource] = waits > 1 ? (units, waits - 1) : nil
    }

    /// Whether nothing of `resource` can come back: every unit is held by a scope that itself waits, directly or
    /// through others, for something that `search.origin`'s own flow holds. Of readers and writers one such scope is
    /// enough, as all have to leave.
    ///
    /// What is being looked at counts as stuck meanwhile: what only waits for each other is. If one of several scopes,
    /// each of which would be enough, turns out not to be stuck, what was concluded on the way to it is forgotten, but not
    /// what is free: that is so whatever else is.
    func isStuck(_ resource: ObjectIdentifier, _ search: inout WaitGraph.Search) -> Bool {
        if search.free.contains(resource) { return false }
        guard search.visited.insert(resource).inserted else { return true }
        let isStuck = isHeldForGood(resource, &search)
        if !isStuck { search.free.insert(resource) }
        return isStuck
    }

    private func isHeldForGood(_ resource: ObjectIdentifier, _ search: inout WaitGraph.Search) -> Bool {
        let holders = holdings[resource] ?? []
        guard let first = holders.first else { return false }
        if first.count == nil {
            let (visited, path) = (search.visited, search.path)
            return holders.contains { holder in
                search.visited = visited
                search.path = path
                return isStuck(holder, &search)
            }
        }
        // A unit whose holder is not known may come back at any time.
        guard let total = totals[resource]?.units, holders.reduce(0, { $0 + ($1.count ?? 0) }) >= total
        else { return false }
        return holders.allSatisfy { isStuck($0, &search) }
    }

    private func isStuck(_ holder: WaitGraph.Holding, _ search: inout WaitGraph.Search) -> Bool {
        if search.origin.holdings.contains(where: { $0 === holder }) {
            search.path.append("which \(holder.party) holds itself, from \(holder.site)")
            return true
        }
        let blocking = (waitsOfHolders[ObjectIdentifier(holder)] ?? []).compactMap { waits[$0] }
        return !blocking.isEmpty
            && blocking.allSatisfy { wait in
                search.path.append(
                    "which \(holder.party) holds from \(holder.site); it waits for \(wait.label) at \(wait.site)")
                return isStuck(wait.resource, &search)
            }
    }
}
