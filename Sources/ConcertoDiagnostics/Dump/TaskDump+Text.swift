import Concerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension TaskDump: CustomStringConvertible {
    /// The dump for a person: what cannot go on first, then the queues, then the tasks by what they do and where.
    public var text: String { text(groups: .max) }

    /// As ``text``.
    public var description: String { text }

    /// The dump for a person.
    ///
    /// - Parameter limit: How many groups are shown, the largest.
    public func text(groups limit: Int) -> String {
        var lines = header
        lines += notes.map { "Note: \($0)" }
        section("Deadlocks", cycles.flatMap(lines(of:)), &lines)
        section("Queues", queues.map(line(of:)), &lines)
        section("Threads", threads.map(line(of:)), &lines)
        section("Locks", lockLines, &lines)
        var shown = groups.prefix(limit).flatMap(lines(of:))
        if groups.count > limit {
            let rest = groups.dropFirst(limit)
            shown.append("\(rest.count) more groups with \(Self.tasks(rest.reduce(0) { $0 + $1.count }))")
        }
        section("Groups", shown, &lines)
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ title: String, _ content: [String], _ lines: inout [String]) {
        if content.isEmpty { return }
        lines += ["", title] + content.map { "  " + $0 }
    }

    private var header: [String] {
        let states = State.allCases.compactMap { state in
            let count = tasks.count { $0.state == state }
            return count == 0 ? nil : "\(Self.number(count)) \(state.rawValue)"
        }
        let milliseconds = Int((cost.seconds * 1_000).rounded(.up))
        return [
            "Tasks of process \(process.id) (\(process.executable)) at \(Self.time(takenAt)), read in \(milliseconds) ms",
            "\(Self.tasks(tasks.count))" + (states.isEmpty ? "" : ": " + states.joined(separator: ", ")),
        ]
    }

    // MARK: Parts

    private func lines(of cycle: Cycle) -> [String] {
        [sentence(for: cycle)]
            + cycle.members.map { member in
                let functions = task(member.task)?.stack.map { stacks[$0].functions } ?? []
                return "  #\(member.task): \(Self.joined(functions))"
            }
    }

    /// Who waits for whom.
    func sentence(for cycle: Cycle) -> String {
        var text = ""
        for (index, member) in cycle.members.enumerated() {
            let next = cycle.members[(index + 1) % cycle.members.count]
            text += index == 0 ? Self.name(member) + " " : ", which "
            text += "\(member.reason) \(Self.name(next))"
        }
        if cycle.waitingBehind > 0 { text += "; \(Self.tasks(cycle.waitingBehind)) more wait behind" }
        return text
    }

    private func line(of queue: ExecutorQueue) -> String {
        let place =
            switch queue.executor {
            case nil: "the default executor"
            case "MainActor": "the main actor"
            case let type?: "actor \(type) (0x\(String(queue.identity, radix: 16)))"
            }
        let blocker = queue.executor == "MainActor" ? mainActorBlocker.map { ", blocked by \($0)" } ?? "" : ""
        return "\(Self.tasks(queue.count)) queued on \(place)\(blocker): \(Self.ids(queue.firstTasks, of: queue.count))"
    }

    private func line(of thread: Thread) -> String {
        let task = thread.task.map { id -> String in
            " runs \(self.task(id)?.name.map { "task \"\($0)\" (#\(id))" } ?? "task #\(id)") and"
        }
        let name = thread.isMain ? "the main thread (\(thread.id))" : "thread \(thread.name) (\(thread.id))"
        return "\(name)\(task ?? "") waits in \(Self.joined(thread.functions))"
    }

    /// Who keeps the main actor, if its thread waits in the kernel meanwhile.
    var mainActorBlocker: String? {
        guard let thread = threads.first(where: \.runsMainActor) else { return nil }
        let place = Self.joined(thread.functions)
        guard let id = thread.task else { return thread.isMain ? "its thread in \(place)" : nil }
        return (task(id)?.name.map { "task \"\($0)\" (#\(id))" } ?? "task #\(id)") + " in \(place)"
    }

    private var lockLines: [String] {
        guard let waitGraph else { return [] }
        return waitGraph.holdings.map(\.description) + waitGraph.waits.map(\.description)
    }

    private func lines(of group: Group) -> [String] {
        let cancelled =
            group.cancelled == 0
            ? ""
            : group.cancelled == group.count ? ", cancelled" : ", \(Self.number(group.cancelled)) of them cancelled"
        var tail = "ids: \(Self.ids(group.firstTasks, of: group.count))"
        if !group.names.isEmpty { tail = "names: \(group.names.joined(separator: ", ")); " + tail }
        return [
            "\(Self.tasks(group.count)) \(group.wait)\(cancelled): \(Self.joined(group.functions))", "    \(tail)",
        ]
    }

    // MARK: Words

    private static func name(_ member: Cycle.Member) -> String {
        member.name.map { "task \"\($0)\" (#\(member.task))" } ?? "task #\(member.task)"
    }

    private static func joined(_ functions: [String]) -> String {
        functions.isEmpty ? "no stack" : functions.joined(separator: " < ")
    }

    private static func ids(_ ids: [UInt64], of count: Int) -> String {
        ids.map { "#\($0)" }.joined(separator: " ") + (count > ids.count ? " …" : "")
    }

    static func tasks(_ count: Int) -> String { "\(number(count)) task\(count == 1 ? "" : "s")" }

    /// 1234567 is "1,234,567".
    static func number(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// ISO 8601, in UTC, to the second.
    static func time(_ seconds: Double) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
