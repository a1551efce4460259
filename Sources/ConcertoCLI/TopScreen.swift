#if CLI
import ConcertoBatch
import ConcertoDiagnostics

/// What `concerto top` shows: a screen of text, made of what is known about a process. It draws nothing itself.
struct TopScreen {
    /// What is known.
    struct State {
        var pid: Int32
        /// The program's own numbers, the older one first; empty if it offers no socket.
        var samples: [DiagnosticsSample] = []
        var dump: TaskDump?
        var findings: [TaskFinding] = []
        /// What is in the way of something.
        var notes: [String] = []
        var isPaused = false
        /// How many lines of the lists are passed over.
        var scroll = 0
        var showsHelp = false
    }

    /// How a line is drawn.
    enum Style { case plain, title, alarm }

    struct Line: Equatable {
        var text: String
        var style = Style.plain

        init(_ text: String, _ style: Style = .plain) { (self.text, self.style) = (text, style) }
    }

    /// Exactly `rows` lines, none wider than `columns`.
    static func lines(_ state: State, columns: Int, rows: Int) -> [Line] {
        let head = head(state)
        let foot = Line(
            state.showsHelp ? "any key goes back" : "q quit  p pause  j/k scroll  h help", .title)
        var body = state.showsHelp ? help : lists(state)
        // What is alarming stays, also where the screen is small: it stands first.
        let room = max(0, rows - head.count - 1)
        let scroll = min(max(0, state.scroll), max(0, body.count - room))
        body = Array(body.dropFirst(scroll).prefix(room))
        body += Array(repeating: Line(""), count: room - body.count)
        return Array((head + body).prefix(max(0, rows - 1)) + [foot]).map { line in
            Line(cut(Visible.text(line.text), to: columns), line.style)
        }
    }

    /// The same without a terminal: all of it, once.
    static func snapshot(_ state: State) -> String {
        (head(state) + lists(state)).map { Visible.text($0.text) + "\n" }.joined()
    }

    // MARK: Parts

    private static func head(_ state: State) -> [Line] {
        let name = state.dump.map { $0.process.executable.split(separator: "/").last.map(String.init) ?? "" } ?? ""
        var lines = [Line("\(state.isPaused ? "PAUSED  " : "")concerto top  \(state.pid) \(name)", .title)]
        if let last = state.samples.last {
            var parts: [String] = []
            if let first = state.samples.first, last.milliseconds > first.milliseconds {
                let seconds = Double(last.milliseconds - first.milliseconds) / 1_000
                let used = (last.processorSeconds - first.processorSeconds) / seconds
                parts.append("cpu \(Int((used * 100).rounded())) %")
                if let new = last.pool, let old = first.pool {
                    parts.append("\(whole(Double(new.completed - old.completed) / seconds)) jobs/s")
                }
            }
            parts.append("memory \(last.memory / 1_000_000) MB")
            if last.missed > 0 { parts.append("\(last.missed) beats missed") }
            lines.append(Line(parts.joined(separator: "  ")))
            if let pool = last.pool {
                lines.append(
                    Line(
                        "pool  \(pool.running) run  \(pool.blocked) blocked  \(pool.idle) idle  \(pool.queued) queued"
                            + "  \(pool.timers) timers", pool.blocked > pool.running ? .alarm : .plain))
            }
            if let wait = last.queueWait {
                lines.append(Line("queue wait  \(time(wait))", wait >= 0.1 ? .alarm : .plain))
            }
        }
        if let dump = state.dump {
            let counts = TaskDump.State.allCases.map { state in
                "\(dump.tasks.count { $0.state == state }) \(state.rawValue)"
            }
            lines.append(Line("tasks \(dump.tasks.count)  " + counts.joined(separator: "  ")))
        }
        return lines
    }

    private static func lists(_ state: State) -> [Line] {
        var lines = state.notes.map { Line($0, .alarm) }
        if !state.findings.isEmpty {
            lines.append(Line("Findings", .title))
            for finding in state.findings {
                lines.append(Line("  \(finding.description)", .alarm))
                lines.append(Line("    do: \(finding.advice)"))
            }
        }
        let rows = state.samples.last?.rows ?? []
        for kind in DiagnosticsRow.Kind.allCases {
            let ours = rows.filter { $0.kind == kind }
            guard !ours.isEmpty else { continue }
            lines.append(Line(title(kind), .title))
            lines += ours.map { row in
                let numbers = row.numbers.sorted { $0.key < $1.key }.map { "\($0.key) \(number($0.value))" }
                return Line("  " + ([row.name] + [row.state].compactMap(\.self) + numbers).joined(separator: "  "))
            }
        }
        if let dump = state.dump, !dump.groups.isEmpty {
            lines.append(Line("Tasks by place", .title))
            lines += dump.groups.map { group in
                Line("\(padded(group.count)) \(group.wait): \(group.functions.joined(separator: " < "))")
            }
        }
        return lines
    }

    private static let help = [
        "q, Ctrl-C      quit", "p, space       pause, and go on", "j, k, arrows   scroll by a line",
        "d, u, pages    scroll by a screen", "g              back to the top", "h, ?           this",
        "", "queue wait: how long a task that was sent now has waited for a thread",
        "Pool, limiters and hosts are shown by programs that call Diagnostics.listen().",
    ].map { Line($0) }

    private static func title(_ kind: DiagnosticsRow.Kind) -> String {
        switch kind {
        case .limiter: "Limiters"
        case .circuit: "Circuits"
        case .host: "Hosts"
        case .work: "Work"
        case .latency: "Latency"
        case .retry: "Retries"
        case .failure: "Failures"
        }
    }

    // MARK: Words

    static func cut(_ text: String, to columns: Int) -> String {
        guard text.count > columns else { return text }
        return columns < 1 ? "" : text.prefix(columns - 1) + "…"
    }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.001: "\(Int((seconds * 1e6).rounded())) µs"
        case ..<1: "\(Int((seconds * 1e3).rounded())) ms"
        default: "\(number((seconds * 10).rounded() / 10)) s"
        }
    }

    private static func number(_ value: Double) -> String {
        guard value.magnitude < 1e15 else { return "\(value)" }
        let thousandths = (value * 1_000).rounded() / 1_000
        return Int(exactly: thousandths).map(String.init) ?? "\(thousandths)"
    }

    private static func whole(_ value: Double) -> String { value.magnitude < 1e15 ? "\(Int(value.rounded()))" : "" }

    private static func padded(_ count: Int) -> String {
        let text = "\(count)"
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
    }
}
#endif
