#if Observability
/// What the numbers of a metric mean.
public enum MetricKind: String, Sendable, Hashable {
    /// Only grows: requests so far.
    case counter
    /// Grows and shrinks, and may be added up over processes: requests in flight.
    case upDownCounter
    /// A value that may not be added up: a temperature.
    case gauge
    /// How values are distributed, with their sum.
    case histogram
}
#endif
