import Concerto
import ConcertoRuntime

#if os(Linux)
import CConcerto
#endif

/// What the dashboard's buttons ask for. Each takes its thread for seconds, which must be none of a pool; one at a time, a
/// second apart, so that asking cannot slow the process down.
package final class DashboardLook: Sendable {
    private struct State {
        var isLooking = false
        var ended = Int64.min / 2
        var looks: [TaskDump] = []
    }

    /// Somebody else is looking, or has just looked.
    package struct Busy: Error {
        package let sentence = "one look at a time, a second apart: ask again"

        package init() {}
    }

    /// Looks that are kept for the next: what goes on for longer than a second shows only then.
    private static let keptLooks = 3
    /// Larger ones are not kept.
    private static let keptTasks = 20_000
    private static let longestDump = 2 << 20

    private let state = Guarded(State())

    package init() {}

    /// A dump: lines of JSON, or a text for people.
    package func tasks(inLinesOfJSON: Bool) throws(Busy) -> String {
        try alone {
            let dump = TaskDump.capture()
            return inLinesOfJSON ? dump.jsonLines() : dump.text
        }
    }

    /// What looks wrong in two looks at the tasks, and the dump that it was seen in: an object of JSON.
    package func findings() throws(Busy) -> String {
        try alone {
            let first = TaskDump.capture()
            Self.wait(1_100_000_000)
            let second = TaskDump.capture()
            let earlier = state.withLock { state in
                defer {
                    state.looks = (state.looks + [second]).suffix(
                        second.tasks.count > Self.keptTasks ? 0 : Self.keptLooks)
                }
                return state.looks
            }
            return Self.json(TaskFinding.search(earlier + [first, second]), second)
        }
    }

    /// What holds the process up: an object of JSON, see ``BottleneckReport``.
    package func report() throws(Busy) -> String {
        #if os(Linux)
        try alone {
            do { return try BottleneckReport.measureHere(for: .seconds(3)).jsonLine } catch {
                return Self.failure("\(error)")
            }
        }
        #else
        Self.failure("tasks are read on Linux only")
        #endif
    }

    private static func failure(_ sentence: String) -> String {
        JSONObject {
            $0["verdict"] = .string(BottleneckReport.Verdict.none.rawValue)
            $0["sentence"] = .string(sentence)
            $0["evidence"] = .strings([])
            $0["advice"] = .string("")
        }.text
    }

    private func alone(_ body: () -> String) throws(Busy) -> String {
        let now = MonotonicTime.now
        let isFree = state.withLock { state in
            guard !state.isLooking, now - state.ended >= 1_000_000_000 else { return false }
            state.isLooking = true
            return true
        }
        guard isFree else { throw Busy() }
        defer {
            let now = MonotonicTime.now
            state.withLock { state in (state.isLooking, state.ended) = (false, now) }
        }
        return body()
    }

    private static func wait(_ nanoseconds: Int64) {
        #if os(Linux)
        // Nobody wakes it: the word is nobody's.
        var word: UInt32 = 0
        let end = concerto_now() + nanoseconds
        while concerto_now() < end { _ = concerto_futex_wait(&word, 0, end) }
        #endif
    }

    private static func json(_ findings: [TaskFinding], _ dump: TaskDump) -> String {
        let text = dump.text
        let shown =
            text.utf8.count > longestDump ? String(decoding: text.utf8.prefix(longestDump), as: UTF8.self) : text
        return JSONObject {
            $0["findings"] = .array(findings.map { .object($0.json) })
            $0["tasks"] = .number(dump.tasks.count)
            $0["seconds"] = .real(dump.cost.seconds)
            $0["notes"] = .strings(dump.notes)
            $0["dump"] = .string(URLText.redacted(in: shown))
        }.text
    }
}
