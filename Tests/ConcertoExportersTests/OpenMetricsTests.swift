#if Exporters
import Testing

@testable import ConcertoExporters

/// The cases M1–M9 and N1–N8.
@Suite struct OpenMetricsTests {
    let registry = quietRegistry()
    var meter: Meter { Meter(scope: "test", registry: registry) }

    @Test func `M1: a counter's family has no suffix, its sample has, and the page has an end`() {
        meter.counter("a").add(1)
        #expect(
            registry.page(.openMetrics) == "# TYPE a counter\n# HELP a No description\na_total 1\n# EOF\n")
    }

    @Test func `M2, M3: type, unit, help in this order; help escapes quotes`() {
        meter.gauge("t", unit: "s", help: "a \"b\"").set(1)
        #expect(
            registry.lines(.openMetrics).prefix(3) == [
                "# TYPE t_seconds gauge", "# UNIT t_seconds seconds", "# HELP t_seconds a \\\"b\\\"",
            ])
    }

    @Test func `M4, M8: no blank line, no other comment, no time of creation`() {
        meter.counter("a", unit: "By", help: "x").add(1)
        meter.histogram("h").record(1)
        let lines = registry.lines(.openMetrics).dropLast()
        #expect(!lines.contains(""))
        #expect(
            lines.filter { $0.hasPrefix("#") }.allSatisfy { line in
                ["# TYPE ", "# UNIT ", "# HELP ", "# EOF"].contains { line.hasPrefix($0) }
            })
        #expect(!lines.contains { $0.contains("_created") })
    }

    @Test func `M5, M7: an exemplar stands on the bucket that holds its value, if there is a trace`() throws {
        let histogram = meter.histogram("h", bounds: .explicit([1, 2, 3]))
        let trace = try #require(TraceID("5b8efff798038103d269b633813fc60c"))
        let span = try #require(SpanID("eee19b7ec3c1b174"))
        registry.keepExemplars { (trace, span) }
        histogram.record(1.5)
        registry.keepExemplars { nil }
        histogram.record(2.5)
        let lines = registry.lines(.openMetrics).filter { $0.contains("trace_id") }
        #expect(lines.count == 1)
        #expect(
            lines.first?.hasPrefix(
                #"h_bucket{le="2.0"} 1 # {span_id="eee19b7ec3c1b174",trace_id="5b8efff798038103d269b633813fc60c"} 1.5 "#
            )
                == true)
        #expect(!registry.page().contains("trace_id"))
    }

    @Test func `M9: what the process is stands in target_info`() {
        let open = registry.page(.openMetrics, resource: ["service.name": "shop"])
        #expect(
            open.hasPrefix("# TYPE target info\n# HELP target Target metadata\ntarget_info{service_name=\"shop\"} 1\n"))
        #expect(registry.page(resource: ["service.name": "shop"]).contains("# TYPE target_info gauge\n"))
    }

    @Test(arguments: [
        (nil, PrometheusFormat.text), ("text/html,*/*", .text), ("", .text),
        ("application/openmetrics-text;q=0", .text),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5",
            .openMetrics
        ),
        ("text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.9", .text),
        ("application/openmetrics-text;version=2.0.0", .text), ("application/openmetrics-text", .openMetrics),
        ("application/openmetrics-text;version=1.0.0;q=x", .text),
    ])
    func `N1–N3: OpenMetrics is for those who prefer it`(accept: String?, format: PrometheusFormat) {
        #expect(PrometheusFormat.negotiated(accept) == format)
    }

    @Test func `N1, N8: an answer says its version and how it escapes`() {
        #expect(PrometheusFormat.text.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            PrometheusFormat.openMetrics.contentType
                == "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores")
    }

    @Test(arguments: [
        (nil, false), ("gzip", true), ("gzip;q=0", false), ("*", true), ("*;q=0", false), ("deflate", false),
        ("gzip;q=0, *", false), ("deflate, GZIP;q=0.5", true),
    ])
    func `N5: gzip is for those who take it`(header: String?, allows: Bool) {
        #expect(PrometheusFormat.allowsGzip(header) == allows)
    }
}
#endif
