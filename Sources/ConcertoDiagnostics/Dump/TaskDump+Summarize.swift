import Concerto

extension TaskDump {
    /// How many tasks a group or a queue names.
    static let namedTasks = 5

    /// Computes what the tasks say together.
    mutating func summarize() {
        queues = Self.queues(of: tasks)
        cycles = findCycles()
        groups = findGroups()
        if cost.dropped > 0 { notes.append("\(cost.dropped) more tasks are not listed: the limit was reached.") }
        if cost.moving > 0 {
            notes.append("\(cost.moving) tasks moved each time they were read and are listed without a stack.")
        }
        if cost.impossibleStacks > 0 {
            notes.append(
                "\(cost.impossibleStacks) stacks held what is no code and end before it: please report this.")
        }
        if cost.bytesLeftOut > 0 {
            notes.append("\(cost.bytesLeftOut >> 30) GiB in mappings of 64 GiB and more were not searched.")
        }
    }

    private static func queues(of tasks: [Entry]) -> [ExecutorQueue] {
        var queues: [UInt64: ExecutorQueue] = [:]
        for task in tasks where task.state == .enqueued {
            guard let wait = task.wait, wait.kind == .executor else { continue }
            let identity = wait.identity ?? 0
            var queue =
                queues[identity]
                ?? ExecutorQueue(executor: wait.executor, identity: identity, count: 0, firstTasks: [])
            queue.count += 1
            if queue.firstTasks.count < namedTasks { queue.firstTasks.append(task.id) }
            queues[identity] = queue
        }
        return queues.values.sorted { ($0.count, $1.identity) > ($1.count, $0.identity) }
    }

    // MARK: Cycles

    private func findCycles() -> [Cycle] {
        let names = WaitNames(self)
        return StuckTasks(needs).cycles.map { cycle in
            Cycle(members: cycle.tasks.map(names.member), waitingBehind: cycle.behind)
        }
    }

    /// Names a task of a cycle and why it waits.
    private struct WaitNames {
        let dump: TaskDump
        let needs: [UInt64: StuckTasks.Need]

        init(_ dump: TaskDump) {
            self.dump = dump
            needs = dump.needs
        }

        func member(_ id: UInt64) -> Cycle.Member {
            Cycle.Member(task: id, name: dump.task(id)?.name, reason: needs[id]?.reason ?? "awaits")
        }
    }

    /// What tasks wait for that only other tasks can give.
    var needs: [UInt64: StuckTasks.Need] {
        var needs: [UInt64: StuckTasks.Need] = [:]
        var waitsForGroup: Set<UInt64> = []
        for task in tasks where task.state == .suspended {
            switch task.wait?.kind {
            case .task: if let other = task.wait?.task { needs[task.id] = .any([other], reason: "awaits") }
            case .group: waitsForGroup.insert(task.id)
            default: break
            }
        }
        if !waitsForGroup.isEmpty {
            var children: [UInt64: [UInt64]] = [:]
            for task in tasks where task.isGroupChild {
                guard let parent = task.parent, waitsForGroup.contains(parent) else { continue }
                children[parent, default: []].append(task.id)
            }
            for (parent, children) in children {
                needs[parent] = .any(children, reason: "awaits the task group with")
            }
        }
        for (task, need) in lockNeeds { needs[task] = need }
        return needs
    }

    /// The same for locks and semaphores, by their holders.
    private var lockNeeds: [(UInt64, StuckTasks.Need)] {
        guard let waitGraph else { return [] }
        let holdings = Dictionary(grouping: waitGraph.holdings, by: \.resource.identity)
        return waitGraph.waits.compactMap { wait in
            guard let waiter = wait.party.task, wait.hasOwner, !wait.isTimed,
                // Who waits by a continuation and has gone on since the graph was read is not suspended on one.
                let task = task(waiter), task.state == .suspended, task.wait?.kind == .continuation,
                let holders = holdings[wait.resource.identity], let first = holders.first
            else { return nil }
            let reason = "waits for \(wait.resource.text), held by"
            let tasks = holders.compactMap(\.party.task)
            if first.count == nil { return (waiter, .all(tasks, reason: reason)) }
            // A unit whose holder is not known may come back at any time.
            guard let total = wait.total, holders.reduce(0, { $0 + ($1.count ?? 0) }) >= total,
                tasks.count == holders.count
            else { return nil }
            return (waiter, .any(tasks, reason: reason))
        }
    }

    // MARK: Groups

    private struct GroupKey: Hashable {
        var state: State
        var wait: Wait.Kind?
        var executor: String?
        var isCancellable: Bool
        var functions: Int
    }

    private func findGroups() -> [Group] {
        // Stacks that differ in functions that nobody wrote are the same to whoever reads them.
        var numbers: [[String]: Int] = [:]
        var shown: [[String]] = []
        var functionsOfStack: [Int] = []
        for stack in stacks {
            let functions = stack.functions
            if let known = numbers[functions] {
                functionsOfStack.append(known)
                continue
            }
            numbers[functions] = shown.count
            functionsOfStack.append(shown.count)
            shown.append(functions)
        }
        var places: [GroupKey: Int] = [:]
        var groups: [Group] = []
        // Tasks that were created one after the other are often in one group: hashing costs more than comparing.
        var previous: (key: GroupKey, place: Int)?
        for task in tasks {
            let functions = task.stack.map { functionsOfStack[$0] } ?? -1
            let key = GroupKey(
                state: task.state, wait: task.wait?.kind, executor: task.wait?.executor,
                isCancellable: task.hasCancellationHandler, functions: functions)
            let place: Int
            if let previous, previous.key == key {
                place = previous.place
            } else if let known = places[key] {
                place = known
            } else {
                groups.append(
                    Group(
                        state: task.state, wait: Self.words(for: task),
                        functions: functions < 0 ? [] : shown[functions],
                        count: 0, cancelled: 0, firstTasks: [], names: []))
                place = groups.count - 1
                places[key] = place
            }
            previous = (key, place)
            groups[place].count += 1
            if task.isCancelled { groups[place].cancelled += 1 }
            if groups[place].firstTasks.count < Self.namedTasks { groups[place].firstTasks.append(task.id) }
            if let name = task.name, groups[place].names.count < Self.namedTasks, !groups[place].names.contains(name) {
                groups[place].names.append(name)
            }
        }
        return groups.sorted { ($0.count, $1.firstTasks[0]) > ($1.count, $0.firstTasks[0]) }
    }

    /// What a task does, in words that come behind "3 tasks".
    static func words(for task: Entry) -> String {
        switch task.state {
        case .running: return "running"
        case .scheduled: return "scheduled for later"
        case .enqueued:
            guard let executor = task.wait?.executor else { return "queued on the default executor" }
            return executor == "MainActor" ? "queued on the main actor" : "queued on actor \(executor)"
        case .suspended:
            switch task.wait?.kind {
            case .task: return "waiting for a task"
            case .group: return "waiting for a task group"
            default:
                return task.hasCancellationHandler
                    ? "waiting for a continuation, until cancelled" : "waiting for a continuation"
            }
        }
    }
}
