extension TaskFinding {
    /// What looks wrong in `looks`: dumps of one process, the oldest first. One look shows nothing: whatever is found is so
    /// in all of them.
    ///
    /// ```swift
    /// let first = TaskDump.capture()
    /// try await Task.sleep(for: .seconds(2))
    /// print(TaskFinding.search([first, TaskDump.capture()]))
    /// ```
    ///
    /// A task may have moved between two looks and come back to the same place; the more looks, the surer the findings.
    ///
    /// - Complexity: O(tasks) a look.
    public static func search(_ looks: [TaskDump], thresholds: Thresholds = Thresholds()) -> [TaskFinding] {
        guard looks.count > 1, let first = looks.first, let last = looks.last else { return [] }
        precondition(
            looks.allSatisfy { $0.process.id == last.process.id }, "dumps of several processes: compare those of one")
        let search = FindingSearch(
            looks: looks, first: first, last: last, elapsed: .seconds(last.takenAt - first.takenAt),
            thresholds: thresholds)
        return search.deadlocks + search.mainActor + search.starved + search.neverSuspending + search.cancelled
            + search.leaks + search.lostResumes + search.busyActors
    }
}

/// The searches for each kind of finding.
struct FindingSearch {
    let looks: [TaskDump]
    let first: TaskDump
    let last: TaskDump
    let elapsed: Duration
    let thresholds: TaskFinding.Thresholds

    private var span: String {
        let seconds = elapsed / .seconds(1)
        let tenths = Int((seconds * 10).rounded())
        return "in all of \(looks.count) looks in \(tenths / 10).\(tenths % 10) s"
    }

    private func finding(
        _ kind: TaskFinding.Kind, _ text: String, _ tasks: [TaskDump.Entry], in functions: [String]? = nil,
        advice: String
    ) -> TaskFinding {
        let functions = functions ?? tasks.first?.stack.map { last.stacks[$0].functions } ?? []
        return TaskFinding(
            kind: kind, description: text, count: tasks.count, tasks: tasks.prefix(TaskDump.namedTasks).map(\.id),
            functions: functions, advice: advice)
    }

    private static func name(_ task: TaskDump.Entry) -> String {
        task.name.map { "task \"\($0)\" (#\(task.id))" } ?? "task #\(task.id)"
    }

    /// Tasks of the last look for which `holds` has held in every look.
    private func tasks(where holds: (TaskDump.Entry) -> Bool) -> [TaskDump.Entry] {
        last.tasks.filter { task in
            holds(task) && looks.dropLast().allSatisfy { look in look.task(task.id).map(holds) ?? false }
        }
    }

    /// Whether the task stands where it stood in every look.
    private func hasStood(_ task: TaskDump.Entry) -> Bool {
        let place = Self.place(of: task, in: last)
        return looks.dropLast().allSatisfy { look in
            look.task(task.id).map { Self.place(of: $0, in: look) == place && $0.state == task.state } ?? false
        }
    }

    private static func place(of task: TaskDump.Entry, in dump: TaskDump) -> [UInt64]? {
        task.stack.map { dump.stacks[$0].frames.map(\.address) }
    }

    /// Tasks in groups by where they are, the largest group first.
    private func byPlace(_ tasks: [TaskDump.Entry]) -> [(functions: [String], tasks: [TaskDump.Entry])] {
        Dictionary(grouping: tasks) { $0.stack.map { last.stacks[$0].functions } ?? [] }
            .map { (functions: $0.key, tasks: $0.value) }
            .sorted { ($0.tasks.count, $1.tasks[0].id) > ($1.tasks.count, $0.tasks[0].id) }
    }

    // MARK: Kinds

    var deadlocks: [TaskFinding] {
        last.cycles.compactMap { cycle in
            let members = cycle.members.map(\.task)
            let isOld = looks.dropLast().allSatisfy { look in look.cycles.contains { $0.members.map(\.task) == members }
            }
            guard isOld else { return nil }
            return TaskFinding(
                kind: .deadlock, description: "Deadlock: \(last.sentence(for: cycle)).",
                count: members.count + cycle.waitingBehind, tasks: members,
                functions: last.task(members[0])?.stack.map { last.stacks[$0].functions } ?? [],
                advice: "let one of them not wait for the next: have a third await both, or take locks in one order")
        }
    }

    var mainActor: [TaskFinding] {
        guard elapsed >= thresholds.busy else { return [] }
        let waiting = tasks { $0.state == .enqueued && $0.wait?.executor == "MainActor" }
        guard !waiting.isEmpty, looks.allSatisfy({ $0.mainActorBlocker != nil }), let blocker = last.mainActorBlocker
        else { return [] }
        let thread = last.threads.first(where: \.runsMainActor)
        let isSame = looks.allSatisfy { look in
            look.threads.first(where: \.runsMainActor)?.task == thread?.task
        }
        guard isSame else { return [] }
        return [
            finding(
                .mainActorBlocked,
                "The main actor is blocked by \(blocker) \(span), and \(TaskDump.tasks(waiting.count)) wait for it.",
                waiting, in: thread?.functions ?? [],
                advice: "do blocking work elsewhere: `await Task.run { … }.value`, or withBlocking on the pool")
        ]
    }

    var starved: [TaskFinding] {
        guard elapsed >= thresholds.busy else { return [] }
        // If a thread had become free meanwhile it would run a task that it did not run before.
        let running = looks.map { Set($0.tasks.lazy.filter { $0.state == .running }.map(\.id)) }
        let keepsThreads = !running[0].isEmpty && running.dropFirst().allSatisfy { $0.isSubset(of: running[0]) }
        let waiting = tasks { $0.state == .enqueued && $0.wait?.kind == .executor }.filter(hasStood)
        let queues = Dictionary(grouping: waiting) { $0.wait?.identity ?? 0 }
        return queues.sorted { $0.key < $1.key }.compactMap { identity, tasks in
            let executor = tasks[0].wait?.executor
            if executor == "MainActor" { return nil }
            if identity == 0 {
                guard keepsThreads else { return nil }
            } else {
                // Of an actor that works, at least the first of its queue of the first look has had its turn.
                let queued = first.tasks.filter { $0.state == .enqueued && $0.wait?.identity == identity }
                guard queued.count == tasks.count(where: { first.task($0.id) != nil }) else { return nil }
            }
            let place = executor.map { "actor \($0)" } ?? "the default executor"
            let holders = last.threads.filter { $0.task != nil }.map(\.functions)
            let what = holders.first.map { " Its threads wait in \($0.prefix(4).joined(separator: " < "))." } ?? ""
            return finding(
                .starved,
                "\(TaskDump.tasks(tasks.count)) wait for a turn on \(place) \(span), and nobody had one."
                    + (identity == 0 ? what : ""),
                tasks,
                advice: identity == 0
                    ? "find what keeps the threads (blocking calls, loops without a suspension); install ThreadPool, which replaces blocked threads"
                    : "find what keeps the actor: a blocking call or a long loop in one of its methods")
        }
    }

    var neverSuspending: [TaskFinding] {
        guard elapsed >= thresholds.busy, looks.count > 2 else { return [] }
        return tasks { $0.state == .running }.filter(hasStood).map { task in
            let thread = last.threads.first { $0.task == task.id }
            let place = thread.map { " It waits in the kernel: \($0.functions.joined(separator: " < "))." } ?? ""
            return finding(
                .neverSuspends, "\(Self.name(task).capitalizedFirst) ran \(span) without a suspension.\(place)", [task],
                in: thread?.functions,
                advice: thread == nil
                    ? "give others their turn: `await Task.yield()` in long loops, or a pool of its own"
                    : "say so with withBlocking on the pool, or use an asynchronous call")
        }
    }

    var cancelled: [TaskFinding] {
        guard elapsed >= thresholds.cancelled else { return [] }
        return byPlace(tasks { $0.isCancelled }).map { functions, tasks in
            finding(
                .cancelledAndAlive, "\(TaskDump.tasks(tasks.count)) cancelled and alive \(span).", tasks, in: functions,
                advice: "look at Task.isCancelled in loops, and wait in ways that a cancellation ends")
        }
    }

    var leaks: [TaskFinding] {
        let places = looks.map { look in
            Dictionary(grouping: look.tasks.filter { $0.state == .suspended && $0.stack != nil }) {
                look.stacks[$0.stack!].functions
            }.mapValues { Set($0.map(\.id)) }
        }
        return places.last!.compactMap { functions, now -> TaskFinding? in
            guard now.count >= thresholds.leakingTasks, functions != [TaskDump.Stack.notBegun] else { return nil }
            let counts = places.map { $0[functions]?.count ?? 0 }
            let old = places[0][functions] ?? []
            guard zip(counts, counts.dropFirst()).allSatisfy({ $0 < $1 }), counts[0] > 0 else { return nil }
            // Tasks that come and go are no leak however many there are.
            guard old.intersection(now).count * 10 >= old.count * 9 else { return nil }
            let tasks = now.sorted().compactMap { last.task($0) }
            return finding(
                .leak,
                "\(TaskDump.number(now.count)) tasks wait in one place, \(TaskDump.number(now.count - counts[0])) more than "
                    + "\(tenths(elapsed)) s before, and none of the earlier ones has gone.",
                tasks, in: functions,
                advice:
                    "find who starts them, and what was to let them end: a cancellation, a closed channel, a resumed continuation"
            )
        }.sorted { $0.count > $1.count }
    }

    private func tenths(_ duration: Duration) -> String {
        let tenths = Int((duration / .seconds(1) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    var lostResumes: [TaskFinding] {
        guard elapsed >= thresholds.resume else { return [] }
        let waits = tasks { $0.state == .suspended && $0.wait?.kind == .continuation && !$0.hasCancellationHandler }
            .filter(hasStood)
        return byPlace(waits).map { functions, tasks in
            finding(
                .lostResume,
                "\(TaskDump.tasks(tasks.count)) waited \(span) for a continuation that no cancellation resumes.", tasks,
                in: functions,
                advice:
                    "check that every way through the callback resumes it once; a withCheckedContinuation that is dropped says so"
            )
        }
    }

    var busyActors: [TaskFinding] {
        last.queues.filter { $0.executor != nil && $0.count >= thresholds.actorQueue }.compactMap { queue in
            let isLong = looks.allSatisfy { look in
                look.queues.contains { $0.identity == queue.identity && $0.count >= thresholds.actorQueue }
            }
            guard isLong else { return nil }
            let tasks = last.tasks.filter { $0.state == .enqueued && $0.wait?.identity == queue.identity }
            return finding(
                .busyActor, "\(TaskDump.tasks(queue.count)) wait for actor \(queue.executor ?? "") \(span).", tasks,
                advice: "do less in it: move work that needs none of its state out, or part it in several")
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
