import Concerto

extension BottleneckReport {
    /// Judges what was seen.
    ///
    /// - Parameters:
    ///   - looks: The oldest first; two at least.
    ///   - processors: How many the process may use.
    ///   - missed: Looks that were not taken.
    init(_ looks: [ReportLook], processors: Int, missed: Int = 0) {
        precondition(looks.count > 1, "a report needs two looks, and there are \(looks.count)")
        let judge = Judge(looks: looks, processors: processors)
        let found = judge.verdict
        self.init(
            verdict: found.verdict, sentence: found.sentence, evidence: found.evidence + judge.numbers,
            advice: found.advice, seconds: judge.seconds, looks: looks.count, missedLooks: missed)
    }
}

private struct Judge {
    typealias Found = (verdict: BottleneckReport.Verdict, sentence: String, evidence: [String], advice: String)

    let looks: [ReportLook]
    let processors: Int

    /// So many looks of ten make a verdict.
    private static let most = 0.6
    /// From so many waiting tasks on a lock, a limiter or a dependency can be what holds a process up.
    private static let few = 5

    var last: ReportLook { looks[looks.count - 1] }
    var seconds: Double { last.dump.takenAt - looks[0].dump.takenAt }

    private var ran: Double { Double(last.run - looks[0].run) / 1e9 }
    private var queued: Double { Double(last.queued - looks[0].queued) / 1e9 }
    private var throttled: Double { Double(last.throttled - looks[0].throttled) / 1e6 }
    private var capacity: Double { max(seconds, 0.001) * Double(processors) }

    private func share(_ holds: (ReportLook) -> Bool) -> Double {
        Double(looks.count(where: holds)) / Double(looks.count)
    }
    private func count(_ holds: (ReportLook) -> Bool) -> String {
        "\(looks.count(where: holds)) of \(looks.count) looks"
    }
    private func mean(_ value: (ReportLook) -> Int) -> Double {
        Double(looks.reduce(0) { $0 + value($1) }) / Double(looks.count)
    }
    private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    private func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    var verdict: Found {
        deadlock ?? blockedWorkers ?? quota ?? saturation ?? gated ?? actors
            ?? (
                .none, "no bottleneck found.", [], ""
            )
    }

    /// What there is to say whatever the verdict is.
    var numbers: [String] {
        [
            "tasks: \(tenths(mean { $0.dump.tasks.count })) on average, of which \(tenths(mean(\.running))) ran, \(tenths(mean(\.waiting))) waited for a thread (\(looks.count) looks in \(tenths(seconds)) s)",
            "processor: \(percent(ran / capacity)) of \(processors) used; threads waited \(tenths(queued)) s for one; "
                + (throttled > 0 ? "stopped by the quota for \(tenths(throttled)) s" : "not stopped by a quota"),
            "threads that ran a task and waited in the kernel: \(tenths(mean { $0.blocked.count })) on average",
        ]
    }

    // MARK: Verdicts

    private var deadlock: Found? {
        let found = TaskFinding.search(looks.map(\.dump)).first { $0.kind == .deadlock }
        return found.map { found in
            (
                .deadlock, "deadlock. \(found.description)", ["at \(found.functions.joined(separator: " < "))"],
                found.advice
            )
        }
    }

    private var blockedWorkers: Found? {
        func holds(_ look: ReportLook) -> Bool {
            look.waiting > 0 && !look.blocked.isEmpty && look.blocked.count * 2 >= look.running
        }
        guard share(holds) >= Self.most else { return nil }
        var places: [[String]: Int] = [:]
        for look in looks { for thread in look.blocked { places[Array(thread.functions.prefix(4)), default: 0] += 1 } }
        let top = places.sorted { ($0.value, $1.key.count) > ($1.value, $0.key.count) }
        let total = top.reduce(0) { $0 + $1.value }
        return (
            .blockedWorkers,
            "blocked workers. In \(count(holds)) tasks waited for a thread while \(tenths(mean { $0.blocked.count })) threads waited in the kernel in the middle of a task.",
            top.prefix(3).map {
                "\(percent(Double($0.value) / Double(total))) of them in \($0.key.joined(separator: " < "))"
            },
            "wrap it in withBlocking and install ThreadPool, which replaces threads that block; or use an asynchronous call"
        )
    }

    private var quota: Found? {
        guard throttled > seconds * 0.05 else { return nil }
        return (
            .processorQuota,
            "processor quota. The control group stopped the process for \(tenths(throttled)) s of \(tenths(seconds)) s.",
            [],
            "raise the quota (cpu.max), or let fewer threads compute at once"
        )
    }

    private var saturation: Found? {
        // By what is seen and not by the time that threads have waited: the kernel counts a wait once it is over.
        func holds(_ look: ReportLook) -> Bool {
            look.waiting > 0 && look.running > 0 && look.blocked.count * 2 < look.running
        }
        guard share(holds) >= Self.most else { return nil }
        var places: [[String]: Int] = [:]
        for look in looks {
            for task in look.dump.tasks where task.state == .running {
                places[task.stack.map { look.dump.stacks[$0].functions } ?? [], default: 0] += 1
            }
        }
        let top = places.sorted { ($0.value, $1.key.count) > ($1.value, $0.key.count) }.prefix(3)
        return (
            .processorSaturation,
            "processors saturated. In \(count(holds)) tasks waited for a thread while those that had one computed or waited for a processor; the process got \(percent(ran / capacity)) of \(processors).",
            top.map { "running, last resumed in \($0.key.joined(separator: " < ")): \($0.value) times" },
            queued > ran
                ? "others take the processors: give the process more of them" : "compute less, or on more processors"
        )
    }

    /// Limiters, dependencies and locks: what most of those who wait for anything but time wait for.
    private var gated: Found? {
        var looksWith: [WaitPlace: Int] = [:]
        var tasks: [WaitPlace: Int] = [:]
        var examples: [WaitPlace: [[String]: Int]] = [:]
        for look in looks {
            var counts: [WaitPlace: Int] = [:]
            let places = look.dump.stacks.map { WaitPlace($0.functions) }
            for task in look.dump.tasks where task.state == .suspended && task.wait?.kind == .continuation {
                guard let stack = task.stack else { continue }
                counts[places[stack], default: 0] += 1
                examples[places[stack], default: [:]][Array(look.dump.stacks[stack].functions.prefix(4)), default: 0] +=
                    1
            }
            let gates = counts.filter { $0.key != .timer && $0.key != .other }
            for (place, count) in gates {
                tasks[place, default: 0] += count
                if count >= Self.few { looksWith[place, default: 0] += 1 }
            }
        }
        let candidates: [WaitPlace] = [.limiter, .dependency, .lock]
        let found = candidates.filter { Double(looksWith[$0] ?? 0) >= Self.most * Double(looks.count) }
        guard let place = found.max(by: { tasks[$0]! < tasks[$1]! }) else { return nil }
        let average = tenths(Double(tasks[place]!) / Double(looks.count))
        let top = examples[place]!.sorted { ($0.value, $1.key.count) > ($1.value, $0.key.count) }.prefix(3)
        let evidence = top.map { "\($0.value) times in \($0.key.joined(separator: " < "))" }
        switch place {
        case .limiter:
            return (
                .limiter, "a limiter. \(average) tasks waited on average to be let in, while threads were free.",
                evidence,
                "the limit decides what gets through: raise it if what it protects can take more"
            )
        case .dependency:
            return (
                .dependency, "a dependency. \(average) tasks waited on average for answers from elsewhere.", evidence,
                "look at who answers: its latency is this process's"
            )
        default:
            let holders = last.dump.waitGraph?.holdings.prefix(3).map(\.description) ?? []
            return (
                .lock, "a lock. \(average) tasks waited on average for locks or semaphores.", evidence + holders,
                "hold it for less: no awaiting of others inside of it; or part what it protects"
            )
        }
    }

    private var actors: Found? {
        func longest(_ look: ReportLook) -> TaskDump.ExecutorQueue? {
            look.dump.queues.first { $0.identity != 0 && $0.count >= Self.few }
        }
        guard share({ longest($0) != nil }) >= Self.most, let queue = looks.compactMap(longest).last else { return nil }
        let blocker = queue.executor == "MainActor" ? last.dump.mainActorBlocker : nil
        return (
            .lock,
            "an actor. In \(count { longest($0) != nil }) tasks queued on \(queue.executor ?? "one"), \(queue.count) of them at the end.",
            blocker.map { ["it is blocked by \($0)"] } ?? [],
            "do less in it: no blocking, and what needs none of its state outside"
        )
    }
}
