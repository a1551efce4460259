#if Observability
/// Makes the metrics of a library or of a part of a program.
///
///     let meter = Meter(scope: "shop")
///     let orders = meter.counter("shop.orders", unit: "{order}", help: "Orders taken")
///     orders.add(1)
///     let eu = orders.bind(["region": "eu"])      // looked up once
///     eu.add(1)
///
/// Making the same metric twice gives the same metric.
public struct Meter: Sendable {
    /// Who counts.
    public let scope: String
    /// Where the metrics stand.
    public let registry: MetricRegistry

    /// Creates a meter; cheap.
    public init(scope: String, registry: MetricRegistry = .process) {
        self.scope = scope
        self.registry = registry
    }

    /// A whole number that only grows.
    public func counter(
        _ name: String, unit: String = "", help: String = "", attributes: Attributes = [:]
    ) -> Counter {
        let family = registry.family(name, .counter, unit: unit, help: help, scope: scope) { IntSeries($0) }
        return Counter(family, attributes)
    }

    /// A number that only grows, such as seconds.
    public func doubleCounter(
        _ name: String, unit: String = "", help: String = "", attributes: Attributes = [:]
    ) -> DoubleCounter {
        let family = registry.family(name, .counter, unit: unit, help: help, scope: scope) { DoubleSeries($0) }
        return DoubleCounter(family, attributes)
    }

    /// A whole number that grows and shrinks.
    public func upDownCounter(
        _ name: String, unit: String = "", help: String = "", attributes: Attributes = [:]
    ) -> UpDownCounter {
        let family = registry.family(name, .upDownCounter, unit: unit, help: help, scope: scope) { IntSeries($0) }
        return UpDownCounter(family, attributes)
    }

    /// A value that stands until the next one is set.
    public func gauge(
        _ name: String, unit: String = "", help: String = "", attributes: Attributes = [:]
    ) -> Gauge {
        let family = registry.family(name, .gauge, unit: unit, help: help, scope: scope) { DoubleSeries($0) }
        return Gauge(family, attributes)
    }

    /// How values are distributed.
    ///
    /// - Parameter bounds: Where the buckets end; for `s` and `By` those that suit seconds and bytes, if not given.
    public func histogram(
        _ name: String, unit: String = "", help: String = "", bounds: HistogramBounds? = nil,
        attributes: Attributes = [:]
    ) -> Histogram {
        let explicit: [Double]? =
            switch bounds ?? .standard(for: unit) {
            case .explicit(let bounds): HistogramBounds.cleaned(bounds)
            case .exponential: nil
            }
        let family = registry.family(name, .histogram, unit: unit, help: help, scope: scope) {
            HistogramSeries($0, bounds: explicit)
        }
        return Histogram(family, attributes)
    }

    /// A metric that is asked when somebody reads: on the reader's thread, which `read` must not block for long.
    ///
    /// - Parameters:
    ///   - kind: What the numbers mean. Counters must give what there was in all, not what is new.
    ///   - read: Reports each series once.
    @discardableResult
    public func observe(
        _ name: String, as kind: MetricKind, unit: String = "", help: String = "",
        _ read: @escaping @Sendable (_ report: (Attributes, MetricSnapshot.Value) -> Void) -> Void
    ) -> MetricObservation {
        registry.observe(
            MetricSnapshot(name: name, unit: unit, help: help, kind: kind, scope: scope, points: []), read)
    }
}
#endif
