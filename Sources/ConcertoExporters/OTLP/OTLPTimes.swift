#if Exporters
/// Whether a number counts from the beginning or from the export before.
public enum Temporality: UInt32, Sendable {
    /// What is new since the export before.
    case delta = 1
    /// Everything since the beginning.
    case cumulative = 2
}

/// From when to when the numbers of one export count.
struct OTLPTimes: Sendable {
    /// When the registry was made.
    var begin: UInt64
    /// When the export before was collected.
    var previous: UInt64
    /// When this one was.
    var now: UInt64
    /// What was asked for.
    var preference: Temporality

    /// What grows and shrinks is never sent as a difference: nobody could tell how much there is.
    func temporality(of kind: MetricKind) -> Temporality { kind == .upDownCounter ? .cumulative : preference }

    func start(of kind: MetricKind) -> UInt64 { temporality(of: kind) == .delta ? previous : begin }
}
#endif
