#if Observability
public import Synchronization

/// A whole number that only grows. Keep it: adding is one atomic addition, wherever it is done.
public struct Counter: Sendable {
    @usableFromInline let family: MetricFamily
    @usableFromInline let series: IntSeries

    init(_ family: MetricFamily, _ attributes: Attributes) {
        self.family = family
        // Of a metric that exists as another kind of number the caller gets one that nobody reads.
        series = family.cast(attributes, to: IntSeries.self) ?? IntSeries(attributes)
    }

    /// Adds `amount`. Less than zero is not counted, and said once.
    @inlinable
    public func add(_ amount: Int = 1) {
        guard amount >= 0 else { return family.refuse("negative increment") }
        series.number.wrappingAdd(Int64(amount), ordering: .relaxed)
    }

    /// The counter for a set of attributes: one look-up in a table, behind a lock.
    public func bind(_ attributes: Attributes) -> Counter { Counter(family, attributes) }

    /// Says that this handle is done with. When everybody's are, the series is forgotten.
    func release() { family.release(series) }

    /// What was counted.
    public var value: Int { Int(series.number.load(ordering: .relaxed)) }
}

/// A whole number that grows and shrinks. Keep it: adding is one atomic addition.
public struct UpDownCounter: Sendable {
    @usableFromInline let family: MetricFamily
    @usableFromInline let series: IntSeries

    init(_ family: MetricFamily, _ attributes: Attributes) {
        self.family = family
        series = family.cast(attributes, to: IntSeries.self) ?? IntSeries(attributes)
    }

    /// Adds `amount`, which may be less than zero.
    @inlinable
    public func add(_ amount: Int) { series.number.wrappingAdd(Int64(amount), ordering: .relaxed) }

    /// The counter for a set of attributes.
    public func bind(_ attributes: Attributes) -> UpDownCounter { UpDownCounter(family, attributes) }

    /// The sum of what was added.
    public var value: Int { Int(series.number.load(ordering: .relaxed)) }
}

/// A number that only grows.
public struct DoubleCounter: Sendable {
    let family: MetricFamily
    let series: DoubleSeries

    init(_ family: MetricFamily, _ attributes: Attributes) {
        self.family = family
        series = family.cast(attributes, to: DoubleSeries.self) ?? DoubleSeries(attributes)
    }

    /// Adds `amount`. What is below zero, infinite or no number is not counted, and said once.
    public func add(_ amount: Double) {
        guard amount >= 0, amount.isFinite else { return family.refuse("increment that is negative or no number") }
        series.add(amount)
    }

    /// The counter for a set of attributes.
    public func bind(_ attributes: Attributes) -> DoubleCounter { DoubleCounter(family, attributes) }

    /// Says that this handle is done with. When everybody's are, the series is forgotten.
    func release() { family.release(series) }
}
#endif
