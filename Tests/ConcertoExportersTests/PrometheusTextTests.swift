#if Exporters
import Testing

@testable import ConcertoExporters

/// The cases P1–P29 of Prometheus' text format.
@Suite struct PrometheusTextTests {
    let registry = quietRegistry()
    var meter: Meter { Meter(scope: "test", registry: registry) }

    @Test func `P1: quotes, backslashes and line feeds are escaped`() {
        let counter = meter.counter("a", help: "He said \"x\" \\ and\nnl").bind(["p": "C:\\DIR \"q\"\nz"])
        counter.add(3)
        #expect(
            registry.page() == """
                # HELP a_total He said "x" \\\\ and\\nnl
                # TYPE a_total counter
                a_total{p="C:\\\\DIR \\"q\\"\\nz"} 3

                """)
    }

    @Test func `P2: values that are no numbers have the names that Go reads`() {
        for (key, value) in [("n", Double.nan), ("p", .infinity), ("q", -.infinity)] {
            meter.gauge("g").bind(["k": .string(key)]).set(value)
        }
        #expect(
            registry.lines().suffix(4) == [#"g{k="n"} NaN"#, #"g{k="p"} +Inf"#, #"g{k="q"} -Inf"#, ""])
    }

    @Test func `P4: a registry without metrics is an empty page`() {
        #expect(registry.page() == "")
        #expect(registry.page(.openMetrics) == "# EOF\n")
    }

    @Test func `P5: buckets add up, end with infinity, and spell their ends as Go does`() {
        let histogram = meter.histogram("h", bounds: .explicit([0.005, 0.1, 1, 10, 1e6]))
        histogram.record(0.05)
        histogram.record(2e6)
        #expect(
            registry.lines().dropFirst(2) == [
                #"h_bucket{le="0.005"} 0"#, #"h_bucket{le="0.1"} 1"#, #"h_bucket{le="1.0"} 1"#,
                #"h_bucket{le="10.0"} 1"#, #"h_bucket{le="1e+06"} 1"#, #"h_bucket{le="+Inf"} 2"#,
                "h_sum 2000000.05", "h_count 2", "",
            ])
    }

    @Test(arguments: [
        (0.0001, "0.0001"), (0.00001, "1e-05"), (0.0000025, "2.5e-06"), (100_000, "100000.0"), (123_456, "123456.0"),
        (1_234_567, "1.234567e+06"), (1e15, "1e+15"), (0x1p53, "9.007199254740992e+15"), (-2.5e7, "-2.5e+07"),
        (0, "0.0"), (1e-300, "1e-300"), (0x1p-20, "9.5367431640625e-07"),
    ])
    func `ends of buckets are spelt as Go spells them`(number: Double, text: String) {
        #expect(PrometheusPage.bound(number) == text)
        #expect(Double(text) == number)
    }

    @Test func `P6: a value equal to an end belongs below it`() {
        meter.histogram("h", bounds: .explicit([0.1, 1])).record(0.1)
        #expect(registry.page().contains(#"h_bucket{le="0.1"} 1"#))
    }

    @Test func `P8: families and series are sorted, and a page without changes is the same page`() {
        meter.counter("z").add(1)
        for key in ["b", "a"] { meter.counter("a").bind(["k": .string(key)]).add(1) }
        let page = registry.page()
        #expect(
            registry.lines().filter { !$0.hasPrefix("#") && !$0.isEmpty } == [
                #"a_total{k="a"} 1"#, #"a_total{k="b"} 1"#, "z_total 1",
            ])
        #expect(registry.page() == page)
    }

    @Test func `P9: the order of attributes does not matter`() {
        meter.counter("c").bind(Attributes([("x", "1"), ("y", "2")])).add(1)
        meter.counter("c").bind(Attributes([("y", "2"), ("x", "1")])).add(1)
        #expect(registry.page().contains(#"c_total{x="1",y="2"} 2"#))
    }

    @Test func `P10: a duration is written in seconds, in buckets that suit seconds`() {
        meter.histogram("http.server.request.duration", unit: "s").record(.milliseconds(1_500))
        let page = registry.page()
        #expect(page.contains("http_server_request_duration_seconds_sum 1.5\n"))
        #expect(page.contains("http_server_request_duration_seconds_bucket{le=\"1.0\"} 0\n"))
        #expect(page.contains("http_server_request_duration_seconds_bucket{le=\"2.5\"} 1\n"))
    }

    @Test(arguments: [
        ("2xx.count", "", MetricKind.counter, "_2xx_count"), ("a--b", "", .gauge, "a_b"),
        ("résumé", "", .gauge, "r_sum_"),
        ("foo.bar", "By", .counter, "foo_bar_bytes"), ("requests", "{request}", .gauge, "requests"),
        ("speed", "m/s", .gauge, "speed_meters_per_second"), ("foo_seconds", "s", .gauge, "foo_seconds"),
        ("foo_total", "s", .counter, "foo_seconds"), ("ratio", "1", .gauge, "ratio"),
        ("a", "/s", .gauge, "a_per_second"),
        ("seconds", "s", .gauge, "seconds"), ("rate", "{packet}/s", .gauge, "rate_per_second"),
    ])
    func `P12, P14–P17: names and units are made Prometheus'`(
        name: String, unit: String, kind: MetricKind, family: String
    ) {
        let snapshot = MetricSnapshot(name: name, unit: unit, help: "", kind: kind, scope: "", points: [])
        #expect(PrometheusName.family(snapshot) == family)
    }

    @Test func `P12: a metric without a name is dropped, and that is said once`() {
        meter.counter("").add(1)
        meter.counter("").add(1)
        #expect(registry.page() == "")
        #expect(registry.warnings.count == 1)
    }

    @Test func `P19: two keys that become one label keep both values`() {
        meter.counter("c").bind(["a.b": 1, "a_b": 2]).add(1)
        #expect(registry.page().contains(#"c_total{a_b="1;2"} 1"#))
    }

    @Test func `P21: an attribute le of a histogram gets another name`() {
        meter.histogram("h", bounds: .explicit([1])).bind(["le": "x"]).record(0.5)
        #expect(registry.page().contains(#"h_bucket{exported_le="x",le="1.0"} 1"#))
        #expect(registry.warnings.count == 1)
    }

    @Test func `P22: of two kinds of one name the first stays, and nothing traps`() {
        meter.counter("a").add(1)
        meter.gauge("a").set(7)
        meter.gauge("a").set(8)
        #expect(registry.lines().filter { $0.hasPrefix("# TYPE") } == ["# TYPE a_total counter"])
        #expect(registry.page().contains("a_total 1\n"))
        #expect(registry.warnings.count == 1)
    }

    @Test func `P22: metrics whose lines would have one name are not both written`() {
        meter.histogram("a", bounds: .explicit([1])).record(1)
        meter.gauge("a.count").set(7)
        let page = registry.page()
        #expect(page.contains("a_count 1\n"))
        #expect(!page.contains("a_count 7"))
        _ = registry.page()
        #expect(registry.warnings.count == 1)
    }

    @Test func `P23: series with and without labels stand in one group`() {
        meter.counter("c").add(1)
        meter.counter("c").bind(["k": "v"]).add(2)
        #expect(registry.lines().dropFirst(2) == ["c_total 1", #"c_total{k="v"} 2"#, ""])
    }

    @Test func `a metric is there before anything was counted, and not without labels once it has some`() {
        let counter = meter.counter("c")
        #expect(registry.page().contains("c_total 0\n"))
        counter.bind(["k": "v"]).add(2)
        #expect(!registry.page().contains("c_total 0"))
    }

    @Test func `P25: what cannot be added to a counter changes nothing`() {
        let whole = meter.counter("w")
        whole.add(2)
        whole.add(-1)
        let number = meter.doubleCounter("d")
        number.add(1.5)
        for bad in [-1, Double.nan, .infinity] { number.add(bad) }
        #expect(registry.page().contains("w_total 2\n"))
        #expect(registry.page().contains("d_total 1.5\n"))
        #expect(registry.warnings.count == 2)
    }

    @Test func `P26: beyond 2,000 sets of attributes the rest is counted together, and nothing is lost`() {
        let counter = meter.counter("c")
        for number in 0..<2_500 { counter.bind(["k": .int(Int64(number))]).add(1) }
        let values = registry.collect()[0].points.map { point -> Int64 in
            if case .int(let value) = point.value { return value }
            return 0
        }
        #expect(values.count <= 2_000)
        #expect(values.reduce(0, +) == 2_500)
        #expect(registry.page().contains(#"c_total{otel_metric_overflow="true"} "#))
    }

    @Test func `an exponential histogram is written with bounds that do not move`() {
        let histogram = meter.histogram("e", bounds: .exponential)
        for value in [0, -3, 0.5, 1, 1.5, 4, 5, 1e15, .infinity, .nan] { histogram.record(value) }
        let page = registry.page()
        #expect(page.contains(#"e_bucket{le="1.0"} 4"#))
        #expect(page.contains(#"e_bucket{le="4.0"} 6"#))
        #expect(page.contains(#"e_bucket{le="16.0"} 7"#))
        #expect(page.contains(#"e_bucket{le="+Inf"} 9"#))
        #expect(page.contains("e_count 9\n"))
    }

    @Test func `two libraries that count under one name are told apart by a label`() {
        Meter(scope: "one", registry: registry).counter("c").add(1)
        Meter(scope: "two", registry: registry).counter("c").add(2)
        #expect(
            registry.lines().dropFirst(2) == [
                #"c_total{otel_scope_name="one"} 1"#, #"c_total{otel_scope_name="two"} 2"#, "",
            ])
    }
}
#endif
