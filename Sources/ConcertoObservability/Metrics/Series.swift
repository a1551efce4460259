#if Observability
import Synchronization

/// One series of a metric: where its handles count.
@usableFromInline
class Series: @unchecked Sendable {
    // Sendable: subclasses hold atomics and constants only.
    final let attributes: Attributes
    /// How often ``MetricFamily/series(_:)`` gave it out, less how often it was released.
    final let holders = Atomic<Int>(0)

    init(_ attributes: Attributes) { self.attributes = attributes }

    /// What has been counted.
    var value: MetricSnapshot.Value { fatalError("a series has a value") }
    /// Whether anything was recorded.
    var isTouched: Bool { true }
    /// Examples with a trace.
    var exemplars: [MetricSnapshot.Exemplar] { [] }
}
#endif
