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

    private let makePipeline: @Sendable (Key, ResilienceParts) throws -> ResiliencePipeline
    private let telemetry: ResilienceTelemetry
    private let entries = Guarded<[Key: Entry]>([:])
    /// Held while a pipeline is made, which is foreign code: those who ask for others do not wait for it. (`Mutex` stops
    /// the program if that code asks the registry.)
    private let making = Mutex(())

    /// Creates a registry.
    ///
    /// - Parameter makePipeline: Makes the pipeline of a key. One is made at a time: it must not use the registry.
    public init(_ makePipeline: @escaping @Sendable (Key) -> ResiliencePipeline) {
        self.makePipeline = { key, _ in makePipeline(key) }
        telemetry = .shared
    }

    /// Creates a registry whose pipelines can be made anew when their options have changed: see ``reload()``.
    ///
    /// - Parameters:
    ///   - telemetry: Where reloads are reported.
    ///   - makePipeline: Makes the pipeline of a key from the present options, with parts that keep their state. One is made
    ///     at a time: it must not use the registry.
    public init(
        telemetry: ResilienceTelemetry = .shared,
        _ makePipeline: @escaping @Sendable (Key, ResilienceParts) throws -> ResiliencePipeline
    ) {
        self.makePipeline = makePipeline
        self.telemetry = telemetry
    }

    /// The pipeline of `key`, which counts what runs through it.
    ///
    /// Ask for it for each execution: after a reload this is another. If it cannot be made, each execution throws why, and
    /// the next who asks tries again.
    public subscript(key: Key) -> ResiliencePipeline {
        do { return try pipeline(for: key) } catch {
            let name = "\(key)"
            return ResiliencePipeline(name, telemetry: ResilienceTelemetry()) { FailingStrategy(error: error) }
        }
    }

    /// The pipeline of `key`, as the subscript gives it.
    ///
    /// - Throws: What kept it from being made.
    public func pipeline(for key: Key) throws -> ResiliencePipeline {
        if let entry = entries.withLock({ $0[key] }) { return entry.pipeline }
        return try making.withLock { _ in
            if let entry = entries.withLock({ $0[key] }) { return entry.pipeline }
            let parts = ResilienceParts()
            let made = Entry(try makePipeline(key, parts), parts)
            parts.commit()
            // Meanwhile one may have been set.
            return entries.withLock { entries in
                let entry = entries[key] ?? made
                entries[key] = entry
                return entry.pipeline
            }
        }
    }

    // MARK: Changed options

    /// Makes the pipeline of `key` anew. The next execution runs under it; those under way end under the old one. Its
    /// counts go on, and so do the ``ResilienceParts`` that it asks for again.
    ///
    /// Reported as `registry.reloaded`. If it cannot be made the old one stays as it is, and `registry.reload_failed` says
    /// why.
    ///
    /// - Returns: Whether there was one to make anew.
    /// - Throws: What kept it from being made.
    @discardableResult
    public func reload(_ key: Key) throws -> Bool {
        let outcome: Result<Bool, any Error> = making.withLock { _ in
            guard let entry = entries.withLock({ $0[key] }) else { return .success(false) }
            do {
                let made = Entry(try makePipeline(key, entry.parts), entry.parts, entry.counts)
                entry.parts.commit()
                entries.withLock { entries in
                    // Unless it has been removed, or another has been set.
                    if entries[key]?.parts === entry.parts { entries[key] = made }
                }
                return .success(true)
            } catch {
                entry.parts.rollBack()
                return .failure(error)
            }
        }
        report(outcome, of: key)
        return try outcome.get()
    }

    /// Makes all pipelines anew; see ``reload(_:)``.
    ///
    /// - Returns: What kept which from being made.
    @discardableResult
    public func reload() -> [Key: any Error] {
        var failures: [Key: any Error] = [:]
        for key in keys {
            do { try reload(key) } catch { failures[key] = error }
        }
        return failures
    }

    /// Makes all pipelines anew whenever `changes` has an element: say, a configuration file's watcher.
    ///
    /// - Cancellation: ends it, as `changes` does it.
    /// - Throws: What `changes` throws.
    nonisolated(nonsending)
        public func follow<Changes: AsyncSequence>(_ changes: Changes) async throws
    {
        for try await _ in changes { reload() }
    }

    private func report(_ outcome: Result<Bool, any Error>, of key: Key) {
        guard telemetry.isActive else { return }
        switch outcome {
        case .success(true):
            telemetry.emit(ResilienceEvent(.reloaded, .information, strategy: "\(key)"))
        case .success(false):
            break
        case .failure(let error):
            telemetry.emit(ResilienceEvent(.reloadFailed, .error, strategy: "\(key)", error: error))
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
        let entry = Entry(pipeline, ResilienceParts())
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
        let counts: ExecutionCounts
        let parts: ResilienceParts

        init(_ pipeline: ResiliencePipeline, _ parts: ResilienceParts, _ counts: ExecutionCounts = ExecutionCounts()) {
            self.counts = counts
            self.parts = parts
            // The pipeline inside reports its executions; the one around it only counts them.
            self.pipeline = ResiliencePipeline(pipeline.name, telemetry: ResilienceTelemetry()) {
                CountingStrategy(counts: counts)
                pipeline
            }
        }

    }

    /// Stands for a pipeline that could not be made.
    private struct FailingStrategy: ResilienceStrategy {
        let error: any Error

        nonisolated(nonsending)
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
        {
            throw error
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
