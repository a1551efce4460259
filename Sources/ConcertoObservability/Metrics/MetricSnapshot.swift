#if Observability
/// A metric at one moment: what exporters read.
public struct MetricSnapshot: Sendable, Hashable {
    /// The name, with dots, as OpenTelemetry has it.
    public var name: String
    /// The unit by UCUM: `s`, `By`, `{request}`; empty for none.
    public var unit: String
    /// One sentence.
    public var help: String
    /// What its numbers mean.
    public var kind: MetricKind
    /// Who counts: the name of a library or a part of a program.
    public var scope: String
    /// The series, ordered by attributes.
    public var points: [Point]

    /// Creates one.
    public init(
        name: String, unit: String = "", help: String = "", kind: MetricKind, scope: String = "", points: [Point] = []
    ) {
        self.name = name
        self.unit = unit
        self.help = help
        self.kind = kind
        self.scope = scope
        self.points = points
    }

    /// One series.
    public struct Point: Sendable, Hashable {
        /// What tells it from the others.
        public var attributes: Attributes
        /// Its value.
        public var value: Value
        /// Examples with a trace.
        public var exemplars: [Exemplar]

        /// Creates one.
        public init(attributes: Attributes, value: Value, exemplars: [Exemplar] = []) {
            self.attributes = attributes
            self.value = value
            self.exemplars = exemplars
        }
    }

    /// The value of a series.
    public enum Value: Sendable, Hashable {
        /// A whole number.
        case int(Int64)
        /// A number.
        case double(Double)
        /// A distribution with given bounds.
        case histogram(Distribution)
        /// A distribution with eight buckets an octave.
        case exponential(ExponentialDistribution)
    }

    /// How values are distributed over given bounds.
    public struct Distribution: Sendable, Hashable {
        /// The bounds, rising; no infinity.
        public var bounds: [Double]
        /// Values in each bucket, one bucket more than there are bounds.
        public var counts: [UInt64]
        /// The sum of the finite values.
        public var sum: Double
        /// All values.
        public var count: UInt64 { counts.reduce(0, &+) }

        /// Creates one; there must be one count more than bounds.
        public init(bounds: [Double], counts: [UInt64], sum: Double) {
            precondition(counts.count == bounds.count + 1, "a histogram has one bucket more than bounds")
            self.bounds = bounds
            self.counts = counts
            self.sum = sum
        }
    }

    /// How values are distributed over buckets that grow by a factor.
    public struct ExponentialDistribution: Sendable, Hashable {
        /// Bucket `i` holds (2^(i/2ˢ), 2^((i+1)/2ˢ)], `s` being the scale.
        public var scale: Int
        /// Values that are zero or less.
        public var zeros: UInt64
        /// The index of the first of ``counts``.
        public var offset: Int
        /// Values in each bucket.
        public var counts: [UInt64]
        /// The sum of the finite values.
        public var sum: Double
        /// All values.
        public var count: UInt64 { counts.reduce(zeros, &+) }

        /// Creates one.
        public init(scale: Int, zeros: UInt64, offset: Int, counts: [UInt64], sum: Double) {
            self.scale = scale
            self.zeros = zeros
            self.offset = offset
            self.counts = counts
            self.sum = sum
        }

        /// The same values in at most `limit` buckets: neighbours are joined until they fit.
        public func fitting(_ limit: Int) -> ExponentialDistribution {
            var result = self
            while result.counts.count > max(limit, 2) { result = result.coarser }
            return result
        }

        /// The same values over the fixed bounds 4⁻¹⁰ … 4²⁰, for formats that know no others: bounds that came and went
        /// with the values would tear the series of a server that scrapes.
        public var explicit: Distribution {
            var octaves = self
            while octaves.scale > 0 { octaves = octaves.coarser }
            let bounds = (-10...20).map { Double(sign: .plus, exponent: 2 * $0, significand: 1) }
            var result = Distribution(bounds: bounds, counts: .init(repeating: 0, count: bounds.count + 1), sum: sum)
            result.counts[0] = zeros
            for (place, count) in octaves.counts.enumerated() {
                let upper = Double(
                    sign: .plus, exponent: (octaves.offset + place + 1) << -octaves.scale, significand: 1)
                result.counts[bounds.firstIndex { $0 >= upper } ?? bounds.count] += count
            }
            return result
        }

        package var coarser: ExponentialDistribution {
            guard !counts.isEmpty else {
                var result = self
                result.scale -= 1
                return result
            }
            let first = offset >> 1
            var joined = [UInt64](repeating: 0, count: ((offset + counts.count - 1) >> 1) - first + 1)
            for (place, count) in counts.enumerated() { joined[((offset + place) >> 1) - first] += count }
            return ExponentialDistribution(scale: scale - 1, zeros: zeros, offset: first, counts: joined, sum: sum)
        }
    }

    /// A value with the trace in which it came.
    public struct Exemplar: Sendable, Hashable {
        /// The value.
        public var value: Double
        /// When, in nanoseconds since 1970.
        public var time: UInt64
        /// The trace.
        public var traceID: TraceID
        /// The span.
        public var spanID: SpanID

        /// Creates one.
        public init(value: Double, time: UInt64, traceID: TraceID, spanID: SpanID) {
            self.value = value
            self.time = time
            self.traceID = traceID
            self.spanID = spanID
        }
    }
}
#endif
