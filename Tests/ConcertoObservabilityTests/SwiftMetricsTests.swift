#if Observability
import Metrics
import Testing

@testable import ConcertoObservability

@Suite struct SwiftMetricsTests {
    let registry = MetricRegistry(onWarning: { _ in })
    var factory: ConcertoMetricsFactory { ConcertoMetricsFactory(registry: registry) }

    private func value(_ name: String) -> [MetricSnapshot.Value] {
        registry.collect().filter { $0.name == name }.flatMap(\.points).map(\.value)
    }

    @Test func `each kind of metric is counted as what it is`() {
        let factory = factory
        Metrics.Counter(label: "c", dimensions: [("k", "v")], factory: factory).increment(by: 3)
        FloatingPointCounter(label: "f", factory: factory).increment(by: 1.5)
        Metrics.Meter(label: "m", factory: factory).set(4)
        Recorder(label: "r", dimensions: [], aggregate: false, factory: factory).record(5)
        Recorder(label: "a", dimensions: [], aggregate: true, factory: factory).record(6)
        Metrics.Timer(label: "http.server.request.duration", factory: factory).recordSeconds(1.5)
        #expect(value("c") == [.int(3)])
        #expect(value("f") == [.double(1.5)])
        #expect(value("m") == [.double(4)])
        #expect(value("r") == [.double(5)])
        let kinds = Dictionary(uniqueKeysWithValues: registry.collect().map { ($0.name, $0.kind) })
        #expect(kinds["a"] == .histogram)
        let timer = registry.collect().first { $0.name == "http.server.request.duration" }
        #expect(timer?.unit == "s")
        guard case .histogram(let distribution)? = timer?.points.first?.value else {
            Issue.record("no histogram")
            return
        }
        #expect(distribution.sum == 1.5)
    }

    @Test func `nothing traps: dimensions twice, other dimensions, another kind`() {
        let factory = factory
        Metrics.Counter(label: "c", dimensions: [("k", "1"), ("k", "2")], factory: factory).increment()
        Metrics.Counter(label: "c", dimensions: [("other", "1")], factory: factory).increment()
        Metrics.Counter(label: "c", factory: factory).increment(by: -1 as Int64)
        Metrics.Meter(label: "c", factory: factory).set(9)
        FloatingPointCounter(label: "c", factory: factory).increment(by: 0.5)
        let points = registry.collect().first?.points ?? []
        #expect(points.map { $0.attributes["k"] ?? $0.attributes["other"] } == ["1;2", "1"])
        #expect(registry.warnings.count == 3)
    }

    @Test func `a metric that is destroyed is forgotten when its last handle is`() {
        let factory = factory
        let first = Metrics.Counter(label: "c", dimensions: [("k", "v")], factory: factory)
        let second = Metrics.Counter(label: "c", dimensions: [("k", "v")], factory: factory)
        second.increment()
        first.destroy()
        #expect(value("c") == [.int(1)])
        second.destroy()
        #expect(value("c") == [])
    }

    @Test func `the other way: counters hand on what is new, gauges what is`() {
        let other = MetricRegistry(onWarning: { _ in })
        let bridge = SwiftMetricsBridge(from: registry, to: ConcertoMetricsFactory(registry: other))
        let meter = ConcertoObservability.Meter(scope: "own", registry: registry)
        let counter = meter.counter("c", attributes: ["k": "v"])
        let gauge = meter.gauge("g")
        counter.add(2)
        gauge.set(7)
        bridge.push()
        counter.add(3)
        gauge.set(8)
        bridge.push()
        bridge.push()
        let all = other.collect()
        #expect(all.map(\.name) == ["c", "g"])
        #expect(all.flatMap(\.points).map(\.value) == [.double(5), .double(8)])
        #expect(all[0].points[0].attributes == ["k": "v"])
    }
}
#endif
