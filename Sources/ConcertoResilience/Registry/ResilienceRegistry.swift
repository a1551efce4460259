import Synchronization

/// Named pipelines, one per key: say, one pipeline with a limiter, a budget and a breaker of its own per host.
///
/// ```swift
/// let upstreams = ResilienceRegistry<String> { host in
///     ResiliencePipeline(host) {
///         Retry(budget: RetryBudget())
///         CircuitBreaker(name: host)
///         Timeout(.seconds(2))
///     }
/// }
/// let user = try await upstreams["api.example.com"].execute { try await client.get("/users/42") }
/// ```
///
/// A pipeline is made when its key is first asked for, once, also when many ask at the same time. It stays until it is
/// removed: keys should come from configuration or be bounded otherwise.
public final class ResilienceRegistry<Key: Hashable & Sendable>: Sendable {
    /// What has been run through a pipeline of a registry.
    public struct Statistics: Sendable, Hashable {
        /// Executions that have ended well.
        public internal(set) var successes: UInt64 = 0
        /// Executions that have thrown.
        public internal(set) var failures: UInt64 = 0
        /// Executions under way.
        public internal(set) var running: UInt64 = 0
    }

    private let makePipeline: @Sendable (Key) -> ResiliencePipeline
    private let entries = Guarded<[Key: Entry]>([:])
    /// Held while a pipeline is made, which is foreign code: those who ask for others do not wait for it. (`Mutex` stops
    /// the program if that code asks the registry.)
    private let making = Mutex(())

    /// Creates a registry.
    ///
    /// - Parameter makePipeline: Makes the pipeline of a key. One is made at a time: it must not use the registry.
    public init(_ makePipeline: @escaping @Sendable (Key) -> ResiliencePipeline) {
        self.makePipeline = makePipeline
    }

    /// The pipeline of `key`, which counts what runs through it.
    public subscript(key: Key) -> ResiliencePipeline {
        if let entry = entries.withLock({ $0[key] }) { return entry.pipeline }
        return making.withLock { _ in
            if let entry = entries.withLock({ $0[key] }) { return entry.pipeline }
            let made = Entry(makePipeline(key))
            // Meanwhile one may have been set.
            return entries.withLock { entries in
                let entry = entries[key] ?? made
                entries[key] = entry
                return entry.pipeline
            }
        }
    }

    /// The keys whose pipelines exist, in no particular order.
    public var keys: [Key] { entries.withLock { Array($0.keys) } }

    /// What has been run under `key`; `nil` if there is no pipeline.
    public func statistics(for key: Key) -> Statistics? {
        entries.withLock { $0[key] }?.counts.statistics
    }

    /// Puts `pipeline` under `key`, in place of another. Executions under way end under the pipeline they began with.
    public func set(_ pipeline: ResiliencePipeline, for key: Key) {
        let entry = Entry(pipeline)
        entries.withLock { $0[key] = entry }
    }

    /// Forgets the pipeline of `key`; the next one who asks gets a new one. Executions under way go on.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    public func remove(_ key: Key) -> Bool {
        entries.withLock { $0.removeValue(forKey: key) } != nil
    }

    private struct Entry {
        let pipeline: ResiliencePipeline
        let counts = ExecutionCounts()

        init(_ pipeline: ResiliencePipeline) {
            let counts = counts
            // The pipeline inside reports its executions; the one around it only counts them.
            self.pipeline = ResiliencePipeline(pipeline.name, telemetry: ResilienceTelemetry()) {
                CountingStrategy(counts: counts)
                pipeline
            }
        }

    }

    private final class ExecutionCounts: Sendable {
        private let state = Guarded(Statistics())

        var statistics: Statistics { state.withLock { $0 } }

        func begin() { state.withLock { $0.running += 1 } }

        func end(succeeded: Bool) {
            state.withLock { state in
                state.running -= 1
                if succeeded { state.successes += 1 } else { state.failures += 1 }
            }
        }
    }

    private struct CountingStrategy: ResilienceStrategy {
        let counts: ExecutionCounts

        nonisolated(nonsending)
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
        {
            counts.begin()
            do { try await body(context) } catch {
                counts.end(succeeded: false)
                throw error
            }
            counts.end(succeeded: true)
        }

        var _keepsReading: Bool { true }

        func prepare(_ site: inout StrategySite) {}
    }
}
