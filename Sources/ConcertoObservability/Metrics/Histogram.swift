#if Observability
import Synchronization

/// How values are distributed, and their sum. Keep it: recording is two atomic additions.
public struct Histogram: Sendable {
    let family: MetricFamily
    let series: HistogramSeries

    init(_ family: MetricFamily, _ attributes: Attributes) {
        self.family = family
        series = family.cast(attributes, to: HistogramSeries.self) ?? HistogramSeries(attributes, bounds: [])
    }

    /// Counts a value. What is no number is not counted, and said once; infinities are counted and not added up.
    public func record(_ value: Double) {
        guard !value.isNaN else { return family.refuse("value that is no number") }
        series.record(value)
        if family.offersExemplars.load(ordering: .relaxed), let exemplar = family.exemplar(value) {
            series.keep(exemplar)
        }
    }

    /// Counts a duration, in seconds.
    public func record(_ duration: Duration) { record(duration / .seconds(1)) }

    /// The histogram for a set of attributes.
    public func bind(_ attributes: Attributes) -> Histogram { Histogram(family, attributes) }

    /// Says that this handle is done with. When everybody's are, the series is forgotten.
    func release() { family.release(series) }
}
#endif
