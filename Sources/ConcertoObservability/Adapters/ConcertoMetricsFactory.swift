#if Observability
public import CoreMetrics
import Synchronization

/// swift-metrics, counted in a ``MetricRegistry``: what libraries record leaves the process with everything else.
///
///     MetricsSystem.bootstrap(ConcertoMetricsFactory())
///
/// A `Counter` and a `FloatingPointCounter` are counters, a `Meter` and a `Recorder` that does not aggregate gauges, a
/// `Recorder` that does a histogram, a `Timer` a histogram of seconds. Units and bounds come from ``Metric``s by label,
/// not from the call. Nothing traps: what contradicts an earlier metric is dropped, and said once.
public struct ConcertoMetricsFactory: MetricsFactory {
    /// What a label stands for, beyond what swift-metrics can say.
    public struct Metric: Sendable {
        /// The unit by UCUM.
        public var unit: String
        /// One sentence.
        public var help: String
        /// The bounds of a histogram.
        public var bounds: HistogramBounds?

        /// Creates one.
        public init(unit: String = "", help: String = "", bounds: HistogramBounds? = nil) {
            self.unit = unit
            self.help = help
            self.bounds = bounds
        }
    }

    private let meter: Meter
    private let metrics: [String: Metric]

    /// Creates a factory.
    ///
    /// - Parameter metrics: Units, help and bounds by label; those of OpenTelemetry's HTTP metrics are known.
    public init(registry: MetricRegistry = .process, scope: String = "swift-metrics", metrics: [String: Metric] = [:]) {
        meter = Meter(scope: scope, registry: registry)
        self.metrics = Self.known.merging(metrics) { $1 }
    }

    private static let known: [String: Metric] = [
        "http.server.request.duration": Metric(unit: "s", help: "Duration of requests served", bounds: .seconds),
        "http.client.request.duration": Metric(unit: "s", help: "Duration of requests made", bounds: .seconds),
        "http.server.active_requests": Metric(unit: "{request}", help: "Requests being served"),
        "http.server.request.body.size": Metric(unit: "By", help: "Size of request bodies", bounds: .bytes),
        "http.server.response.body.size": Metric(unit: "By", help: "Size of response bodies", bounds: .bytes),
        "db.client.operation.duration": Metric(unit: "s", help: "Duration of database operations", bounds: .seconds),
    ]

    private func metric(_ label: String) -> Metric { metrics[label] ?? Metric() }

    /// Of several dimensions with one name the values are joined: swift-metrics allows them.
    private static func attributes(_ dimensions: [(String, String)]) -> Attributes {
        var attributes = Attributes()
        for (key, value) in dimensions {
            attributes[key] = .string(attributes[key].map { "\($0);\(value)" } ?? value)
        }
        return attributes
    }

    /// A counter of whole numbers.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let metric = metric(label)
        return CounterAdapter(
            counter: meter.counter(
                label, unit: metric.unit, help: metric.help, attributes: Self.attributes(dimensions)))
    }

    /// A counter of numbers.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let metric = metric(label)
        return DoubleCounterAdapter(
            counter: meter.doubleCounter(
                label, unit: metric.unit, help: metric.help, attributes: Self.attributes(dimensions)))
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeAdapter(gauge: gauge(label, dimensions))
    }

    /// A histogram if it aggregates, else a gauge.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return GaugeAdapter(gauge: gauge(label, dimensions)) }
        let metric = metric(label)
        return HistogramAdapter(
            histogram: meter.histogram(
                label, unit: metric.unit, help: metric.help, bounds: metric.bounds,
                attributes: Self.attributes(dimensions)))
    }

    /// A histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let metric = metric(label)
        return HistogramAdapter(
            histogram: meter.histogram(
                label, unit: "s", help: metric.help, bounds: metric.bounds, attributes: Self.attributes(dimensions)))
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> Gauge {
        let metric = metric(label)
        return meter.gauge(
            label, unit: metric.unit, help: metric.help, attributes: Self.attributes(dimensions))
    }

    /// Forgets the series once its last handle is destroyed.
    public func destroyCounter(_ handler: any CounterHandler) { (handler as? CounterAdapter)?.counter.release() }
    /// Forgets the series once its last handle is destroyed.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
        (handler as? DoubleCounterAdapter)?.counter.release()
    }
    /// Forgets the series once its last handle is destroyed.
    public func destroyMeter(_ handler: any MeterHandler) { (handler as? GaugeAdapter)?.gauge.release() }
    /// Forgets the series once its last handle is destroyed.
    public func destroyRecorder(_ handler: any RecorderHandler) {
        (handler as? GaugeAdapter)?.gauge.release()
        (handler as? HistogramAdapter)?.histogram.release()
    }
    /// Forgets the series once its last handle is destroyed.
    public func destroyTimer(_ handler: any TimerHandler) { (handler as? HistogramAdapter)?.histogram.release() }
}

private final class CounterAdapter: CounterHandler {
    let counter: Counter
    init(counter: Counter) { self.counter = counter }
    func increment(by amount: Int64) { counter.add(Int(amount)) }
    func reset() { counter.series.number.store(0, ordering: .relaxed) }
}

private final class DoubleCounterAdapter: FloatingPointCounterHandler {
    let counter: DoubleCounter
    init(counter: DoubleCounter) { self.counter = counter }
    func increment(by amount: Double) { counter.add(amount) }
    func reset() { counter.series.set(0) }
}

private final class GaugeAdapter: MeterHandler, RecorderHandler {
    let gauge: Gauge
    init(gauge: Gauge) { self.gauge = gauge }
    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

private final class HistogramAdapter: RecorderHandler, TimerHandler {
    let histogram: Histogram
    init(histogram: Histogram) { self.histogram = histogram }
    func record(_ value: Int64) { histogram.record(Double(value)) }
    func record(_ value: Double) { histogram.record(value) }
    func recordNanoseconds(_ duration: Int64) { histogram.record(Double(duration) / 1e9) }
}
#endif
