#if Exporters
public import ConcertoResilience

/// Where and how telemetry is sent.
public struct OTLPOptions: Sendable {
    /// What is sent.
    public enum Signal: String, Sendable, Hashable, CaseIterable {
        /// Spans.
        case traces
        /// Metrics.
        case metrics
        /// Lines of logs.
        case logs

        var path: String { "v1/" + rawValue }
    }

    /// Where each signal goes, as a whole URL; a signal that is missing is not sent.
    public var endpoints: [Signal: String]
    /// Headers of each request, such as a token. They appear nowhere else.
    public var headers: [(name: String, value: String)] = []
    /// How requests are written. Default: protocol buffers.
    public var encoding = OTLPEncoding.protobuf
    /// Whether requests are compressed. Default: yes.
    public var usesGzip = true
    /// How long one export may take with all its retries; longer than zero. Default 10 s.
    public var timeout = Duration.seconds(10)
    /// The waits between attempts. Default: exponential from 1 s, 5 s at most, with jitter.
    public var backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(5), jitter: .equal)
    /// Spans and lines that wait at most; what comes while they do is dropped and counted. Default 2,048.
    public var queueLimit = 2_048
    /// Spans and lines that go into one request. Default 512.
    public var batchSize = 512
    /// How long a span or a line waits until its request is sent, if the request does not fill up before. Default 5 s.
    public var delay = Duration.seconds(5)
    /// How often metrics are sent. Default 60 s.
    public var metricsInterval = Duration.seconds(60)
    /// Whether metrics count from the beginning or from the export before. Default: from the beginning.
    public var temporality = Temporality.cumulative
    /// How long ``OTLPExporter/shutdown()`` may take. Default 5 s.
    public var shutdownTimeout = Duration.seconds(5)

    /// Sends the signals to `base` + `v1/traces` and so on.
    ///
    /// - Parameter base: The collector, such as `http://localhost:4318`. A path in it is kept.
    public init(base: String = "http://localhost:4318", signals: Set<Signal> = Set(Signal.allCases)) {
        endpoints = [:]
        for signal in signals { endpoints[signal] = Self.endpoint(base, signal) }
    }

    static func endpoint(_ base: String, _ signal: Signal) -> String {
        base.hasSuffix("/") ? base + signal.path : base + "/" + signal.path
    }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("OTLPOptions")
        for (signal, endpoint) in endpoints {
            // Never the URL itself: it may hold a password.
            check.require(
                endpoint.hasPrefix("http://") || endpoint.hasPrefix("https://"), "endpoints.\(signal.rawValue)",
                RedactedURL(endpoint), "a URL that begins with http:// or https://")
        }
        check.requirePositive(timeout, "timeout")
        check.requirePositive(delay, "delay")
        check.requirePositive(metricsInterval, "metricsInterval")
        check.requirePositive(shutdownTimeout, "shutdownTimeout")
        check.require(batchSize, "batchSize", atLeast: 1)
        check.require(queueLimit, "queueLimit", atLeast: batchSize)
        try check.finish()
    }
}
#endif
