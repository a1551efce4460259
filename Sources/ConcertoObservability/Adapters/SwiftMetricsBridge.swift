#if Observability
public import CoreMetrics

/// The other way: Concerto's metrics in whatever backend the process has bootstrapped swift-metrics with.
///
/// swift-metrics has no way to ask a library when somebody reads, so the numbers are handed over when ``push()`` is called,
/// or every so often by ``run(every:clock:)``. Counters get what is new, gauges what is. Histograms have no way to go: each
/// of their values would have to be handed over alone.
public final class SwiftMetricsBridge: Sendable {
    private struct Key: Hashable {
        var name: String
        var attributes: Attributes
    }

    private struct State {
        var counted: [Key: Double] = [:]
        var counters: [Key: FloatingPointCounter] = [:]
        var gauges: [Key: CoreMetrics.Meter] = [:]
    }

    private let registry: MetricRegistry
    private let factory: any MetricsFactory
    private let state = Guarded(State())

    /// Creates a bridge.
    ///
    /// - Parameter factory: Where the numbers go. Must not be a ``ConcertoMetricsFactory`` on the same registry, which
    ///   would count its own counting.
    public init(from registry: MetricRegistry = .process, to factory: any MetricsFactory = MetricsSystem.factory) {
        self.registry = registry
        self.factory = factory
    }

    /// Hands over what is new.
    public func push() {
        let metrics = registry.collect()
        // Handles of others are used outside the lock.
        var jobs: [() -> Void] = []
        state.withLock { state in
            for metric in metrics {
                for point in metric.points {
                    let value: Double
                    switch point.value {
                    case .int(let number): value = Double(number)
                    case .double(let number): value = number
                    case .histogram, .exponential: continue
                    }
                    let key = Key(name: metric.name, attributes: point.attributes)
                    let dimensions = point.attributes.entries.map { ($0.key, $0.value.description) }
                    if metric.kind == .counter {
                        let new = value - (state.counted[key] ?? 0)
                        state.counted[key] = value
                        // A counter that was set back began anew.
                        let amount = new < 0 ? value : new
                        guard amount > 0 else { continue }
                        let counter =
                            state.counters[key]
                            ?? FloatingPointCounter(label: metric.name, dimensions: dimensions, factory: factory)
                        state.counters[key] = counter
                        jobs.append { counter.increment(by: amount) }
                    } else {
                        let gauge =
                            state.gauges[key]
                            ?? CoreMetrics.Meter(label: metric.name, dimensions: dimensions, factory: factory)
                        state.gauges[key] = gauge
                        jobs.append { gauge.set(value) }
                    }
                }
            }
        }
        for job in jobs { job() }
    }

    /// Hands over what is new every so often, until the task is cancelled, and once more then.
    public func run(every interval: Duration = .seconds(10), clock: any TimerClock = MonotonicClock()) async {
        while (try? await clock.sleep(for: interval)) != nil { push() }
        push()
    }
}
#endif
