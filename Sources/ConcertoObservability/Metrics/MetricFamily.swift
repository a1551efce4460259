#if Observability
import Synchronization

/// A metric with all its series.
@usableFromInline
final class MetricFamily: Sendable {
    let name: String
    let unit: String
    let help: String
    let kind: MetricKind
    let scope: String
    private let registry: MetricRegistry
    private let makeSeries: @Sendable (Attributes) -> Series
    private let series = Guarded<[Attributes: Series]>([:])
    private let overflowed = Guarded<Series?>(nil)
    let offersExemplars = Atomic<Bool>(false)

    init(
        _ name: String, _ kind: MetricKind, unit: String, help: String, scope: String, in registry: MetricRegistry,
        makeSeries: @escaping @Sendable (Attributes) -> Series
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.scope = scope
        self.registry = registry
        self.makeSeries = makeSeries
    }

    /// The series with these attributes. Beyond the registry's limit all that are new share one.
    func series(_ attributes: Attributes) -> Series {
        let limit = registry.seriesLimit
        let found = series.withLock { series -> Series? in
            if let one = series[attributes] {
                one.holders.add(1, ordering: .relaxed)
                return one
            }
            guard series.count < limit - 1 else { return nil }
            let one = makeSeries(attributes)
            one.holders.add(1, ordering: .relaxed)
            series[attributes] = one
            return one
        }
        if let found { return found }
        registry.warn(
            "the metric \(name) has \(limit) sets of attributes; what is new is counted in one with otel.metric.overflow"
        )
        return overflowed.withLock { series in
            if let series { return series }
            let one = makeSeries(["otel.metric.overflow": true])
            series = one
            return one
        }
    }

    /// The series, if it holds numbers of the kind that the caller counts.
    func cast<Kind: Series>(_ attributes: Attributes, to kind: Kind.Type) -> Kind? {
        if let one = series(attributes) as? Kind { return one }
        registry.warn(
            "the metric \(name) exists with another kind of number; who counts fractions and who does not must agree")
        return nil
    }

    /// Forgets a series once everybody who asked for it has released it.
    func release(_ one: Series) {
        series.withLock { series in
            guard one.holders.subtract(1, ordering: .relaxed).newValue <= 0 else { return }
            if series[one.attributes] === one { series[one.attributes] = nil }
        }
    }

    /// Says once that a value was not counted.
    @usableFromInline
    func refuse(_ what: String) { registry.warn("the metric \(name) takes no \(what); it was not counted") }

    /// The current trace, if examples are kept and there is one.
    func exemplar(_ value: Double) -> MetricSnapshot.Exemplar? { registry.exemplar(value) }

    var snapshot: MetricSnapshot {
        var all = series.withLock { Array($0.values) }
        // A metric whose users all bind attributes has no series without any.
        if all.count > 1 { all.removeAll { $0.attributes.isEmpty && !$0.isTouched } }
        if let more = overflowed.withLock({ $0 }) { all.append(more) }
        let points = all.map {
            MetricSnapshot.Point(attributes: $0.attributes, value: $0.value, exemplars: $0.exemplars)
        }
        return MetricSnapshot(
            name: name, unit: unit, help: help, kind: kind, scope: scope,
            points: points.sorted { $0.attributes.precedes($1.attributes) })
    }
}

extension Attributes {
    /// An order that is the same in every process.
    package func precedes(_ other: Attributes) -> Bool {
        for (left, right) in zip(entries, other.entries) where left != right {
            if left.key != right.key { return left.key < right.key }
            return left.value.description < right.value.description
        }
        return count < other.count
    }
}
#endif
