import Concerto
import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The numbers of this process at one moment. Counters count since the process began: whoever looks makes rates of two.
public struct DiagnosticsSample: Sendable, Codable, Equatable {
    /// Its number; the next sample of the same beat has the next one.
    public var sequence: Int
    /// Milliseconds since 1970.
    public var milliseconds: Int
    /// Beats so far at which no sample was taken: the thread that takes them had no processor.
    public var missed: Int
    /// Seconds of a processor that the process has used.
    public var processorSeconds: Double
    /// Resident memory in bytes.
    public var memory: Int
    /// Seconds that the task that was sent at the beat before waited for a thread; if it still waits, so long so far.
    public var queueWait: Double?
    /// The pool that is installed as the default one.
    public var pool: Pool?
    /// What the program shows, see ``Diagnostics/show(_:)``.
    public var rows: [DiagnosticsRow]

    /// The numbers of a pool; see `ThreadPool.Statistics`.
    public struct Pool: Sendable, Codable, Equatable {
        /// Threads that run a job, or look for one.
        public var running: Int
        /// Threads in a job that blocks.
        public var blocked: Int
        /// Parked threads.
        public var idle: Int
        /// Jobs that wait for a thread.
        public var queued: Int
        /// Jobs that have run.
        public var completed: Int
        /// Threads that were started in place of blocked ones.
        public var injected: Int
        /// Timers that wait.
        public var timers: Int
    }

    enum CodingKeys: String, CodingKey {
        case sequence = "seq"
        case milliseconds = "t_ms"
        case missed
        case processorSeconds = "cpu_s"
        case memory = "rss_bytes"
        case queueWait = "queue_wait_s"
        case pool, rows
    }

    /// On one line, without an end of line.
    public var json: String { object.text }

    var object: JSONObject {
        JSONObject {
            $0["seq"] = .number(sequence)
            $0["t_ms"] = .number(milliseconds)
            $0["missed"] = .number(missed)
            $0["cpu_s"] = .real(processorSeconds)
            $0["rss_bytes"] = .number(memory)
            $0["queue_wait_s"] = queueWait.map(JSONValue.real)
            $0["pool"] = pool.map { pool in
                .object(
                    JSONObject {
                        $0["running"] = .number(pool.running)
                        $0["blocked"] = .number(pool.blocked)
                        $0["idle"] = .number(pool.idle)
                        $0["queued"] = .number(pool.queued)
                        $0["completed"] = .number(pool.completed)
                        $0["injected"] = .number(pool.injected)
                        $0["timers"] = .number(pool.timers)
                    })
            }
            $0["rows"] = .array(rows.map { .object($0.json) })
        }
    }

    /// What the process is like now.
    static func take(_ sequence: Int, missed: Int, queueWait: Double?) -> DiagnosticsSample {
        var usage = rusage()
        // RUSAGE_SELF, which has another type in each C library.
        _ = getrusage(.init(0), &usage)
        let pages = SystemFile.text("/proc/self/statm", limit: 256)?.split(separator: " ").dropFirst().first
        return DiagnosticsSample(
            sequence: sequence, milliseconds: Int(SystemFile.now * 1_000), missed: missed,
            processorSeconds: usage.ru_utime.inSeconds + usage.ru_stime.inSeconds,
            memory: (pages.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))), queueWait: queueWait,
            pool: ThreadPool.default.map { Pool($0.statistics) }, rows: Diagnostics.rows)
    }
}

extension DiagnosticsSample.Pool {
    init(_ statistics: ThreadPool.Statistics) {
        self.init(
            running: statistics.runningThreads, blocked: statistics.blockedThreads, idle: statistics.idleThreads,
            queued: statistics.jobsQueued, completed: Int(clamping: statistics.jobsCompleted),
            injected: statistics.injectedThreads, timers: statistics.timersPending)
    }
}

extension timeval {
    fileprivate var inSeconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
