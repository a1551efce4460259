#if Observability
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// All metrics of a process, or of a test.
///
/// Handles are made once and stored: recording looks nothing up and takes no lock. Reading stops nobody.
public final class MetricRegistry: Sendable {
    /// The registry of the process.
    public static let process = MetricRegistry()

    /// Sets of attributes that a metric may have; one of them is for all that come later, so that sums stay right.
    public let seriesLimit: Int
    /// When the registry was made, in nanoseconds since 1970: since when its counters count.
    public let start: UInt64

    private struct Key: Hashable {
        var scope: String
        var name: String
    }

    private struct State {
        var families: [Key: MetricFamily] = [:]
        var observations: [Int: Observed] = [:]
        var nextObservation = 0
        var warnings: [String] = []
        var exemplarSource: (@Sendable () -> (traceID: TraceID, spanID: SpanID)?)?
    }

    private struct Observed {
        var snapshot: MetricSnapshot
        var read: @Sendable ((Attributes, MetricSnapshot.Value) -> Void) -> Void
    }

    private let state = Guarded(State())
    private let onWarning: @Sendable (String) -> Void

    /// Creates a registry.
    ///
    /// - Parameters:
    ///   - seriesLimit: Sets of attributes a metric may have, 2 or more.
    ///   - onWarning: Told once of each thing that is wrong with a metric. Writes to standard error by default.
    public init(
        seriesLimit: Int = 2_000, onWarning: (@Sendable (String) -> Void)? = nil
    ) {
        precondition(seriesLimit >= 2, "a metric needs room for two series, one of them for the rest")
        self.seriesLimit = seriesLimit
        self.onWarning = onWarning ?? { StandardError.write($0) }
        start = wallClockNanoseconds()
    }

    /// All metrics now, by name and then by scope. Stops nobody; a few microseconds for each thousand series.
    public func collect() -> [MetricSnapshot] {
        let (families, observations) = state.withLock { state in
            (
                Array(state.families.values),
                state.observations.sorted { $0.key < $1.key }.map(\.value)
            )
        }
        var all = families.map(\.snapshot)
        var merged: [Key: Int] = [:]
        for observed in observations {
            var snapshot = observed.snapshot
            observed.read { attributes, value in
                snapshot.points.append(.init(attributes: attributes, value: value, exemplars: []))
            }
            // Two pools that report one metric are two series of it.
            let key = Key(scope: snapshot.scope, name: snapshot.name)
            if let place = merged[key], all[place].kind == snapshot.kind {
                all[place].points += snapshot.points
            } else {
                merged[key] = all.count
                all.append(snapshot)
            }
        }
        for place in merged.values { all[place].points.sort { $0.attributes.precedes($1.attributes) } }
        return all.sorted { ($0.name, $0.scope) < ($1.name, $1.scope) }
    }

    /// What was wrong so far, each thing once; at most 100.
    public var warnings: [String] { state.withLock { $0.warnings } }

    /// Says something once.
    package func warn(_ text: String) {
        let isNew = state.withLock { state in
            guard state.warnings.count < 100, !state.warnings.contains(text) else { return false }
            state.warnings.append(text)
            return true
        }
        if isNew { onWarning(text) }
    }

    /// Keeps the current trace with values of histograms, one a bucket, while `source` names one. `nil` stops it.
    public func keepExemplars(from source: (@Sendable () -> (traceID: TraceID, spanID: SpanID)?)?) {
        let families = state.withLock { state in
            state.exemplarSource = source
            return Array(state.families.values)
        }
        for family in families { family.offersExemplars.store(source != nil, ordering: .relaxed) }
    }

    func exemplar(_ value: Double) -> MetricSnapshot.Exemplar? {
        guard let source = state.withLock({ $0.exemplarSource }), let (trace, span) = source() else { return nil }
        return .init(value: value, time: wallClockNanoseconds(), traceID: trace, spanID: span)
    }

    /// The metric of this name, made by the first who asks. Who asks for another kind gets one that nobody reads.
    func family(
        _ name: String, _ kind: MetricKind, unit: String, help: String, scope: String,
        makeSeries: @escaping @Sendable (Attributes) -> Series
    ) -> MetricFamily {
        let new = MetricFamily(
            name, kind, unit: unit, help: help, scope: scope, in: self, makeSeries: makeSeries)
        guard name.contains(where: { $0.isLetter || $0.isNumber }) else {
            warn("a metric has the name \"\(name)\", which no exporter can write; it is dropped")
            return new
        }
        let family = state.withLock { state in
            new.offersExemplars.store(state.exemplarSource != nil, ordering: .relaxed)
            let key = Key(scope: scope, name: name)
            if let old = state.families[key] { return old }
            state.families[key] = new
            return new
        }
        guard family.kind == kind else {
            warn("the metric \(name) is a \(family.kind.rawValue); the \(kind.rawValue) of the same name is dropped")
            return new
        }
        return family
    }

    func observe(
        _ snapshot: MetricSnapshot, _ read: @escaping @Sendable ((Attributes, MetricSnapshot.Value) -> Void) -> Void
    ) -> MetricObservation {
        let id = state.withLock { state in
            state.nextObservation += 1
            state.observations[state.nextObservation] = Observed(snapshot: snapshot, read: read)
            return state.nextObservation
        }
        return MetricObservation(registry: self, id: id)
    }

    fileprivate func forget(_ id: Int) {
        let gone = state.withLock { $0.observations.removeValue(forKey: id) }
        _ = gone
    }
}

/// A metric that is asked when somebody reads. Dropping this does not end it.
public struct MetricObservation: Sendable {
    fileprivate let registry: MetricRegistry
    fileprivate let id: Int

    /// Ends it: the metric is no longer read. A collection that is under way may still ask.
    public func cancel() { registry.forget(id) }
}

/// Nanoseconds since 1970.
package func wallClockNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
#endif
