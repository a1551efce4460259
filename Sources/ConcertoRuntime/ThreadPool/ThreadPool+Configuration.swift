extension ThreadPool {
    /// The sizes and names of a pool.
    ///
    /// ``ThreadPool/installAsDefault(_:)`` lets the environment override every value:
    ///
    /// | variable | value |
    /// |---|---|
    /// | `CONCERTO_POOL_MIN_THREADS` | threads |
    /// | `CONCERTO_POOL_MAX_THREADS` | threads |
    /// | `CONCERTO_POOL_BLOCKED_AFTER_MS` | milliseconds |
    /// | `CONCERTO_POOL_IDLE_TIMEOUT_MS` | milliseconds |
    /// | `CONCERTO_POOL_NAME` | text |
    /// | `CONCERTO_POOL_STACK_SIZE` | bytes |
    /// | `CONCERTO_POOL_REPORTS_BLOCKING` | `1` or `0` |
    /// | `CONCERTO_POOL_MEASURES_LATENCY` | `1` or `0` |
    ///
    /// An empty variable counts as none.
    public struct Configuration: Sendable, Equatable {
        /// Threads that run jobs at once while none blocks, 1…32,767. Default: the processors that this process may
        /// use: its affinity mask, and a cgroup's quota (v1 or v2) rounded up.
        public var minThreads: Int

        /// Threads at most, blocked ones included, `minThreads`…32,767. Default: 64 for each of `minThreads`, at
        /// least 1,024. A thread that nobody needs costs its address space only.
        public var maxThreads: Int

        /// How long a job may wait for something other than a processor, without having said so, before its thread
        /// is replaced; at least 100 µs. Default 1 ms.
        public var blockedAfter: Duration

        /// How long a thread beyond `minThreads` stays without work, at least 1 ms. Default 20 s.
        public var idleTimeout: Duration

        /// What threads are called: this, a hyphen and a number. 1 to 10 bytes, as the kernel cuts at 15.
        /// Default `concerto`.
        public var name: String

        /// Bytes of a thread's stack, at least 64 KiB; 0 is the system's default, 8 MiB as a rule (address space, not
        /// memory, until it is used). Default 0.
        public var stackSize: Int

        /// Whether the pool says what blocks its threads: see ``ThreadPool/BlockingReport``. Default `false`.
        public var reportsBlocking: Bool

        /// Whether ``Statistics/latency`` is measured: two clock readings a job. Default `false`.
        public var measuresLatency: Bool

        /// Creates a configuration; `nil` is the default.
        public init(
            minThreads: Int? = nil, maxThreads: Int? = nil, blockedAfter: Duration = .milliseconds(1),
            idleTimeout: Duration = .seconds(20), name: String = "concerto", stackSize: Int = 0,
            reportsBlocking: Bool = false, measuresLatency: Bool = false
        ) {
            let least = minThreads ?? Processors.available
            self.minThreads = least
            self.maxThreads = maxThreads ?? min(Self.threadCap, max(1_024, least &* 64))
            self.blockedAfter = blockedAfter
            self.idleTimeout = idleTimeout
            self.name = name
            self.stackSize = stackSize
            self.reportsBlocking = reportsBlocking
            self.measuresLatency = measuresLatency
        }

        static let threadCap = 32_767

        /// - Throws: ``ConfigurationError`` with every invalid value.
        func validate() throws(ConfigurationError) {
            var problems: [String] = []
            let isMinimum = (1...Self.threadCap).contains(minThreads)
            if !isMinimum { problems.append("minThreads is \(minThreads), must be 1…\(Self.threadCap)") }
            if maxThreads < (isMinimum ? minThreads : 1) || maxThreads > Self.threadCap {
                let least = isMinimum ? "minThreads (\(minThreads))" : "1"
                problems.append("maxThreads is \(maxThreads), must be \(least)…\(Self.threadCap)")
            }
            if blockedAfter < .microseconds(100) {
                problems.append("blockedAfter is \(blockedAfter), must be at least 100 µs")
            }
            if idleTimeout < .milliseconds(1) {
                problems.append("idleTimeout is \(idleTimeout), must be at least 1 ms")
            }
            if !(1...10).contains(name.utf8.count) || name.utf8.contains(0) {
                problems.append("name is \"\(name)\", must be 1 to 10 bytes of UTF-8 without NUL")
            }
            if stackSize != 0, stackSize < 64 * 1024 {
                problems.append("stackSize is \(stackSize), must be 0 (the system's default) or at least 65536 bytes")
            }
            guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        }

        /// This configuration with the overrides of `environment`.
        ///
        /// - Throws: ``ConfigurationError`` with every variable that cannot be read and every value that is invalid.
        func overridden(by environment: [String: String]) throws(ConfigurationError) -> Configuration {
            var result = self
            var problems: [String] = []
            func read<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) -> Value? {
                // An empty one is how many a template leaves a variable out.
                guard let text = environment["CONCERTO_POOL_" + name], !text.isEmpty else { return nil }
                if let value = parse(text) { return value }
                problems.append("CONCERTO_POOL_\(name) is \"\(text)\", must be \(expected)")
                return nil
            }
            func flag(_ text: String) -> Bool? { text == "1" ? true : text == "0" ? false : nil }
            func milliseconds(_ text: String) -> Duration? {
                Double(text).flatMap { $0.isFinite && abs($0) < 1e12 ? .nanoseconds(Int64($0 * 1e6)) : nil }
            }
            if let value = read("MIN_THREADS", "a number of threads", { Int($0) }) {
                // A maximum that nobody chose follows.
                if result.maxThreads == Configuration(minThreads: result.minThreads).maxThreads {
                    result.maxThreads = Configuration(minThreads: value).maxThreads
                }
                result.minThreads = value
            }
            if let value = read("MAX_THREADS", "a number of threads", { Int($0) }) { result.maxThreads = value }
            if let value = read("BLOCKED_AFTER_MS", "milliseconds", milliseconds) { result.blockedAfter = value }
            if let value = read("IDLE_TIMEOUT_MS", "milliseconds", milliseconds) { result.idleTimeout = value }
            if let value = read("NAME", "text", { $0 }) { result.name = value }
            if let value = read("STACK_SIZE", "a number of bytes", { Int($0) }) { result.stackSize = value }
            if let value = read("REPORTS_BLOCKING", "1 or 0", flag) { result.reportsBlocking = value }
            if let value = read("MEASURES_LATENCY", "1 or 0", flag) { result.measuresLatency = value }
            do { try result.validate() } catch { problems += error.problems }
            guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
            return result
        }
    }

    /// Says which values of a ``Configuration`` are invalid, all at once.
    public struct ConfigurationError: Error, CustomStringConvertible, Equatable {
        /// One sentence a value: what it is and what it must be.
        public let problems: [String]
        /// The problems in one line.
        public var description: String { "invalid ThreadPool configuration: " + problems.joined(separator: "; ") }
    }
}
