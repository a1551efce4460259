#if Exporters
import Foundation
import Testing

@testable import ConcertoExporters

/// What others' programs say about our pages and requests.
@Suite(.enabled(if: Judge.isThere, "make test-tools runs these"))
struct JudgeTests {
    /// A registry with everything that has gone wrong somewhere.
    static func registry(observes: Bool = true) throws -> MetricRegistry {
        let registry = quietRegistry()
        let meter = Meter(scope: "test", registry: registry)
        meter.counter("quotes", help: "He said \"x\" \\ and\nnl").bind(["p": "C:\\x \"hi\"\nz\r\u{0}🎼"]).add(3)
        meter.counter("shop.orders", unit: "{order}", help: "Orders").add(2)
        meter.doubleCounter("time.spent", unit: "s", help: "Time").add(1.25)
        meter.upDownCounter("in.flight", unit: "{call}", help: "Calls").add(-4)
        for (key, value) in [
            ("nan", Double.nan), ("inf", .infinity), ("minus", -.infinity), ("tiny", .leastNonzeroMagnitude),
        ] {
            meter.gauge("gauge", help: "Values").bind(["k": .string(key)]).set(value)
        }
        let seconds = meter.histogram("call.duration", unit: "s", help: "Durations")
        for value in [0, 0.005, 0.3, 99, .infinity] { seconds.record(value) }
        seconds.bind(["le": "x", "http.route": "/a\"b"]).record(1)
        let exponential = meter.histogram("size", unit: "By", help: "Sizes", bounds: .exponential)
        for value in [0, 1, 1000, 1e9] { exponential.record(value) }
        registry.keepExemplars { (TraceID("5b8efff798038103d269b633813fc60c")!, SpanID("eee19b7ec3c1b174")!) }
        meter.histogram("with.trace", unit: "s", help: "Traced").record(0.07)
        guard observes else { return registry }
        Meter(scope: "pool", registry: registry).observe(
            try ThreadPool(.init(minThreads: 1, name: "judged")), named: "test")
        Meter(scope: "process", registry: registry).observeProcess()
        return registry
    }

    struct Sample: Decodable {
        var family: String
        var type: String
        var name: String
        var labels: [String: String]
        var timestamp: Bool
        var exemplar: Exemplar?

        struct Exemplar: Decodable {
            var labels: [String: String]
            var value: Double
        }
    }

    @Test func `P28: promtool finds nothing to say about a page`() throws {
        let page = PrometheusPage.write(try Self.registry(observes: false), resource: ["service.name": "shop"])
        let (code, output) = try Judge.ask(Judge.promtool, ["check", "metrics"], page)
        #expect(code == 0, "\(String(decoding: output, as: UTF8.self))\n\(String(decoding: page, as: UTF8.self))")
    }

    /// `process.thread.count` is OpenTelemetry's name; promtool would rather see `_count` on histograms only.
    @Test func `P28: about the pool and the process promtool says nothing but that names end in count`() throws {
        let page = PrometheusPage.write(try Self.registry())
        let (code, output) = try Judge.ask(Judge.promtool, ["check", "metrics"], page)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        #expect(code == 3)
        #expect(
            lines.allSatisfy { $0.contains("_count ") && $0.hasSuffix("should not have \"_count\" suffix") }, "\(lines)"
        )
    }

    @Test(arguments: [PrometheusFormat.text, .openMetrics])
    func `P28, P29: Python's parsers read every page, labels come back as they were`(format: PrometheusFormat) throws {
        let page = PrometheusPage.write(try Self.registry(), resource: ["service.name": "shop"], as: format)
        let output = try Judge.python("prometheus", [format == .text ? "text" : "openmetrics"], page)
        let samples = try JSONDecoder().decode([Sample].self, from: output)
        #expect(samples.first { $0.name == "quotes_total" }?.labels["p"] == "C:\\x \"hi\"\nz\r\u{0}🎼")
        #expect(samples.allSatisfy { !$0.timestamp })
        #expect(samples.contains { $0.labels["concerto_thread_pool_name"] == "test" })
        if format == .openMetrics {
            let example = samples.first { $0.exemplar != nil }
            #expect(example?.labels["le"] == "0.075")
            #expect(example?.exemplar?.labels["trace_id"] == "5b8efff798038103d269b633813fc60c")
        }
    }

    static func spans() -> [SpanData] {
        (1...5).map { kind in
            OTLPEncodingTests.span {
                $0.kind = SpanData.Kind(rawValue: UInt32(kind))!
                $0.context.isSampled = true
                $0.context.state.put("concerto", "a")
                $0.parent = SpanID("00000000000000ff")
                $0.attributes = [
                    "s": "\" \\ \u{1} \u{2028} 🎼", "i": .int(.min), "d": 1.5, "nan": .double(.nan), "b": true,
                    "bytes": .bytes(Array(0...255)), "list": ["a", 1], "map": .map(["k": ["deep"]]), "empty": "",
                ]
                $0.events = [.init(name: "e", time: 7, attributes: ["x": 1], droppedAttributes: 2)]
                $0.links = [.init(context: OTLPEncodingTests.context, attributes: ["l": "m"])]
                $0.droppedLinks = 300
                $0.status = .error("why")
            }
        }
    }

    static func records() -> [LogRecord] {
        [
            LogRecord(
                time: 5, severity: 13, severityText: "WARN", body: "hello \"you\"", logger: "shop",
                attributes: ["a": 1], trace: OTLPEncodingTests.context),
            LogRecord(time: 6, severity: 9, severityText: "INFO", body: "", logger: "other"),
        ]
    }

    @Test(arguments: [OTLPEncoding.protobuf, .json], ["traces", "metrics", "logs"])
    func `O1–O20: OpenTelemetry's own messages read every request`(encoding: OTLPEncoding, signal: String) throws {
        let resource: Attributes = ["service.name": "shop"]
        let body =
            switch signal {
            case "traces": encoding.request(Self.spans(), resource: resource)
            case "logs": encoding.request(Self.records(), resource: resource)
            default:
                encoding.request(
                    try Self.registry().collect(), resource: resource,
                    times: .init(begin: 1, previous: 2, now: 3, preference: .cumulative))
            }
        let output = try Judge.python("otlp", [encoding == .json ? "json" : "protobuf", signal], body)
        let text = String(decoding: output, as: UTF8.self)
        _ = try JSONSerialization.jsonObject(with: output)
        switch signal {
        case "traces": #expect(text.contains("droppedLinksCount") && text.contains("why"))
        case "logs": #expect(text.contains("hello"))
        default: #expect(text.contains("exponentialHistogram") && text.contains("call.duration"))
        }
    }
}
#endif
