public import Concerto
import ConcertoRuntime

/// How a process lets people look into it. Nothing listens, and no signal is handled, until one of these is called.
///
/// ```swift
/// let socket = try Diagnostics.listen()              // for `concerto top PID`
/// Diagnostics.dumpOnSignal()                         // kill -USR1 PID
/// Diagnostics.show { [DiagnosticsRow(.limiter, "orders", limiter.statistics)] }
/// ```
public enum Diagnostics {
    private struct Sources {
        var next = 0
        var all: [(id: Int, rows: @Sendable () -> [DiagnosticsRow])] = []
    }

    private static let sources = Guarded(Sources())

    /// Rows that are shown until they are taken away.
    public struct Registration: Sendable {
        fileprivate let id: Int

        /// Shows them no more. A sample that is being taken may still ask for them.
        public func remove() { Diagnostics.sources.withLock { sources in sources.all.removeAll { $0.id == id } } }
    }

    /// Shows what `rows` returns in `concerto top` and on the dashboard.
    ///
    /// - Where it runs: on the thread that takes samples, once a second while somebody looks. It must not block.
    /// - Parameter rows: What there is to show now.
    @discardableResult
    public static func show(_ rows: @escaping @Sendable () -> [DiagnosticsRow]) -> Registration {
        sources.withLock { sources in
            sources.next += 1
            sources.all.append((sources.next, rows))
            return Registration(id: sources.next)
        }
    }

    /// What is shown now, by kind and name.
    static var rows: [DiagnosticsRow] {
        // Called outside of the lock: they are foreign.
        let all = sources.withLock { $0.all }
        return all.flatMap { $0.rows() }.map { row in
            // Whatever a program calls its rows: what leaves it has no secrets of URLs.
            var row = row
            row.name = URLText.redacted(in: row.name)
            row.state = row.state.map(URLText.redacted(in:))
            return row
        }.sorted {
            ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name)
        }
    }
}

extension DiagnosticsRow {
    /// A row for what callers wait for.
    ///
    /// - Parameter statistics: Of a limiter, a lock, a semaphore, a channel.
    public init(_ kind: Kind, _ name: String, _ statistics: WaitStatistics) {
        self.init(
            kind, name, numbers: ["waiting": Double(statistics.waiters), "waits": Double(statistics.waits)])
    }
}
