#if Exporters
public import ConcertoResilience

/// Sends spans, metrics and lines of logs to a collector, over HTTP.
///
/// It never makes spans, metrics or lines about itself; ``statistics`` tells how it fares.
public final class OTLPExporter: SpanSink, LogSink, Sendable {
    /// What was sent and what was not, so far.
    public struct Statistics: Sendable, Hashable, Codable {
        /// Requests that arrived.
        public var delivered = 0
        /// Spans, points and lines that the other side refused in requests that arrived.
        public var rejected = 0
        /// Requests that did not arrive.
        public var failed = 0
        /// Spans that were lost: no room, no answer, refused.
        public var droppedSpans = 0
        /// Lines of logs that were lost.
        public var droppedRecords = 0
        /// What the other side, or the last request that failed, said last.
        public var lastMessage = ""
    }

    private let options: OTLPOptions
    private let resource: Attributes
    private let registry: MetricRegistry?
    private let clock: any TimerClock
    private let client: OTLPClient
    private let spans: ExportQueue<SpanData>
    private let records: ExportQueue<LogRecord>
    private let outcome: Outcome
    private let reading = AsyncLock()
    private let memory: Guarded<(delta: DeltaMemory, time: UInt64)>
    private let isShutDown = Guarded(false)

    /// Creates an exporter, which sends nothing until ``run()``.
    ///
    /// - Parameters:
    ///   - registry: Whose metrics are sent; `nil` for none.
    ///   - resource: What the process is: `service.name` and the like.
    public init(
        _ options: OTLPOptions, registry: MetricRegistry? = .process, resource: Attributes = [:],
        clock: any TimerClock = MonotonicClock(), random: RandomSource = .system
    ) throws {
        try options.validate()
        self.options = options
        self.resource = resource
        self.registry = registry
        self.clock = clock
        let client = try OTLPClient(options, clock: clock, random: random)
        let outcome = Outcome()
        self.client = client
        self.outcome = outcome
        memory = Guarded((DeltaMemory(), registry?.start ?? 0))
        spans = ExportQueue(
            limit: options.queueLimit, batchSize: options.batchSize, delay: options.delay, clock: clock
        ) { batch in
            guard let endpoint = options.endpoints[.traces] else { return }
            let result = await client.send(options.encoding.request(batch, resource: resource), to: endpoint)
            outcome.note(result, spans: batch.count)
        }
        records = ExportQueue(
            limit: options.queueLimit, batchSize: options.batchSize, delay: options.delay, clock: clock
        ) { batch in
            guard let endpoint = options.endpoints[.logs] else { return }
            let result = await client.send(options.encoding.request(batch, resource: resource), to: endpoint)
            outcome.note(result, records: batch.count)
        }
    }

    /// Takes a span. Never waits; dropped and counted if there is no room.
    public func take(_ span: SpanData) { if options.endpoints[.traces] != nil { spans.put(span) } }

    /// Takes a line. Never waits; dropped and counted if there is no room.
    public func take(_ record: LogRecord) { if options.endpoints[.logs] != nil { records.put(record) } }

    /// How it fares.
    public var statistics: Statistics {
        var all = outcome.all
        all.droppedSpans += spans.dropped
        all.droppedRecords += records.dropped
        return all
    }

    /// Sends until the task is cancelled, and then what is left, within ``OTLPOptions/shutdownTimeout``.
    ///
    /// - Cancellation: ends the waits; what is left is sent.
    /// - Where it runs: on the default executor.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await self.spans.run() }
            group.addTask { await self.records.run() }
            group.addTask { await self.readPeriodically() }
        }
        // A task of its own: this one is cancelled, and so would its requests be.
        await Task { await self.shutdown() }.value
    }

    /// Sends what there is now.
    ///
    /// - Cancellation: ends it with `CancellationError`; what was not sent waits on.
    public func flush() async throws {
        try await spans.drain()
        try await records.drain()
        try await sendMetrics()
    }

    /// Takes no more, sends what is left within ``OTLPOptions/shutdownTimeout``, and counts the rest as dropped. A second
    /// call does nothing.
    public func shutdown() async {
        let isFirst = isShutDown.withLock { done in
            defer { done = true }
            return !done
        }
        guard isFirst else { return }
        spans.close()
        records.close()
        try? await withDeadline(in: options.shutdownTimeout, clock: clock) { try await self.flush() }
        spans.giveUp()
        records.giveUp()
        await client.shutdown()
    }

    private func readPeriodically() async {
        guard registry != nil, options.endpoints[.metrics] != nil else { return }
        while (try? await clock.sleep(for: options.metricsInterval)) != nil { try? await sendMetrics() }
    }

    private func sendMetrics() async throws {
        guard let registry, let endpoint = options.endpoints[.metrics] else { return }
        try await reading.withLock {
            let (before, previous) = memory.withLock { $0 }
            var delta = before
            let now = wallClockNanoseconds()
            var metrics = registry.collect()
            if options.temporality == .delta { metrics = delta.differences(metrics) }
            guard metrics.contains(where: { !$0.points.isEmpty }) else { return }
            let times = OTLPTimes(begin: registry.start, previous: previous, now: now, preference: options.temporality)
            let result = await client.send(
                options.encoding.request(metrics, resource: resource, times: times), to: endpoint)
            outcome.note(result)
            // What did not arrive is still new next time.
            if case .delivered = result {
                let after = delta
                memory.withLock { $0 = (after, now) }
            }
        }
    }

    /// Counts outcomes; apart from the exporter, which its queues must not keep alive.
    private final class Outcome: Sendable {
        private let state = Guarded(Statistics())

        var all: Statistics { state.withLock { $0 } }

        func note(_ outcome: OTLPOutcome, spans: Int = 0, records: Int = 0) {
            state.withLock { state in
                switch outcome {
                case .delivered(let rejected, let message):
                    state.delivered += 1
                    state.rejected += rejected
                    if !message.isEmpty { state.lastMessage = message }
                case .dropped(let message):
                    state.failed += 1
                    state.droppedSpans += spans
                    state.droppedRecords += records
                    state.lastMessage = message
                }
            }
        }
    }
}
#endif
