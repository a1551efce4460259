#if Observability
/// A value that stands until the next one is set.
public struct Gauge: Sendable {
    let family: MetricFamily
    let series: DoubleSeries

    init(_ family: MetricFamily, _ attributes: Attributes) {
        self.family = family
        series = family.cast(attributes, to: DoubleSeries.self) ?? DoubleSeries(attributes)
    }

    /// Sets the value.
    public func set(_ value: Double) { series.set(value) }
    /// Adds to the value.
    public func add(_ amount: Double) { series.add(amount) }
    /// The gauge for a set of attributes.
    public func bind(_ attributes: Attributes) -> Gauge { Gauge(family, attributes) }

    /// Says that this handle is done with. When everybody's are, the series is forgotten.
    func release() { family.release(series) }
}
#endif
