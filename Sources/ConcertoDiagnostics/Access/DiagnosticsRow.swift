/// Something of a program that is worth a line in `concerto top` and on the dashboard: a limiter, a circuit, a host.
public struct DiagnosticsRow: Sendable, Codable, Equatable {
    /// What kinds of rows there are; viewers show each kind as a table of its own.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A limiter, lock, semaphore or pool that lets so many in.
        case limiter
        /// A circuit breaker.
        case circuit
        /// Another machine that is called.
        case host
        /// How far a job of many pieces is.
        case work
        /// Durations.
        case latency
        /// Repetitions, by what made them necessary.
        case retry
        /// Failures, by what failed.
        case failure
    }

    /// What it is.
    public var kind: Kind
    /// Tells it from others of its kind. It is shown: no secrets.
    public var name: String
    /// What it does, in a word or two: "open", "paused 3 s".
    public var state: String?
    /// Its numbers by name: counts since the program began, or present values. Durations are seconds.
    public var numbers: [String: Double]
    /// How durations are spread; for the heat map of the dashboard.
    public var histogram: Histogram?

    /// How many durations lie between which bounds.
    public struct Histogram: Sendable, Codable, Equatable {
        /// Seconds, ascending: the most that counts for a step.
        public var bounds: [Double]
        /// Counts since the program began, of one step more than there are bounds: the last has no bound.
        public var counts: [Int]

        /// Creates a histogram.
        public init(bounds: [Double], counts: [Int]) { (self.bounds, self.counts) = (bounds, counts) }
    }

    /// Creates a row.
    public init(
        _ kind: Kind, _ name: String, state: String? = nil, numbers: [String: Double] = [:],
        histogram: Histogram? = nil
    ) {
        (self.kind, self.name, self.state, self.numbers) = (kind, name, state, numbers)
        self.histogram = histogram
    }

    var json: JSONObject {
        JSONObject {
            $0["kind"] = .string(kind.rawValue)
            $0["name"] = .string(name)
            $0["state"] = state.map(JSONValue.string)
            $0["numbers"] = .object(
                JSONObject { object in
                    for (name, value) in numbers.sorted(by: { $0.key < $1.key }) where value.isFinite {
                        object[name] = .real(value)
                    }
                })
            if let histogram {
                $0["histogram"] = .object(
                    JSONObject {
                        $0["bounds"] = .array(histogram.bounds.map(JSONValue.real))
                        $0["counts"] = .array(histogram.counts.map(JSONValue.number))
                    })
            }
        }
    }
}
