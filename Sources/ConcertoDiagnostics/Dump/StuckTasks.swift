/// Finds tasks that wait for each other.
///
/// A task is stuck if what it waits for is: the task that it awaits; all children of the group that it waits on; as many
/// holders of a lock as it takes to keep it out. All that can only wait for each other is what remains when everybody who
/// waits for something that may still happen has been taken away, and everybody who waits for one of those, and so on.
struct StuckTasks {
    /// What a task needs in order to go on.
    enum Need {
        /// One of these has to move.
        case any([UInt64], reason: String)
        /// All of these have to.
        case all([UInt64], reason: String)

        var tasks: [UInt64] {
            switch self {
            case .any(let tasks, _), .all(let tasks, _): tasks
            }
        }

        var reason: String {
            switch self {
            case .any(_, let reason), .all(_, let reason): reason
            }
        }
    }

    /// The tasks that cannot go on, each with what it needs.
    private(set) var stuck: [UInt64: Need]

    /// - Parameter needs: What tasks wait for that only other tasks can give. Who is not in it may move.
    init(_ needs: [UInt64: Need]) {
        stuck = needs
        var waiters: [UInt64: [UInt64]] = [:]
        for (task, need) in needs { for other in need.tasks { waiters[other, default: []].append(task) } }
        var free = needs.compactMap { task, need in isFree(need) ? task : nil }
        while let task = free.popLast() {
            guard stuck.removeValue(forKey: task) != nil else { continue }
            for waiter in waiters[task] ?? [] {
                if let need = stuck[waiter], isFree(need) { free.append(waiter) }
            }
        }
    }

    private func isFree(_ need: Need) -> Bool {
        switch need {
        case .any(let tasks, _): tasks.contains { stuck[$0] == nil } || tasks.isEmpty
        case .all(let tasks, _): tasks.allSatisfy { stuck[$0] == nil }
        }
    }

    /// One way round through each set of tasks that wait for each other, each beginning with its oldest task; with how
    /// many tasks wait for it without being part of it.
    var cycles: [(tasks: [UInt64], behind: Int)] {
        // Every stuck task leads into a cycle: follow the first stuck one that it needs.
        var owner: [UInt64: Int] = [:]
        var found: [[UInt64]] = []
        var behind: [Int] = []
        for start in stuck.keys.sorted() where owner[start] == nil {
            var path: [UInt64] = []
            var place: [UInt64: Int] = [:]
            var task = start
            while owner[task] == nil, place[task] == nil {
                place[task] = path.count
                path.append(task)
                task = next(of: task)
            }
            let cycle: Int
            if let known = owner[task] {
                cycle = known
            } else {
                var members = Array(path[place[task]!...])
                path.removeLast(members.count)
                let oldest = members.indices.min { members[$0] < members[$1] }!
                members = Array(members[oldest...] + members[..<oldest])
                cycle = found.count
                found.append(members)
                behind.append(0)
                for member in members { owner[member] = cycle }
            }
            for task in path { owner[task] = cycle }
            behind[cycle] += path.count
        }
        return zip(found, behind).map { ($0, $1) }
    }

    private func next(of task: UInt64) -> UInt64 { stuck[task]!.tasks.first { stuck[$0] != nil }! }
}
