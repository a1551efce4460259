#if Exporters
import Foundation
import Testing

@testable import ConcertoExporters

/// The cases O1–O20 of the two encodings of OTLP.
@Suite struct OTLPEncodingTests {
    static let context = TraceContext(
        traceID: TraceID("5b8efff798038103d269b633813fc60c")!, spanID: SpanID("eee19b7ec3c1b174")!, isSampled: false)
    static let second: UInt64 = 1_000_000_000

    static func span(_ change: (inout SpanData) -> Void = { _ in }) -> SpanData {
        var span = SpanData(
            context: context, name: "x", kind: .client, start: 1_544_712_660 * second, end: 1_544_712_661 * second)
        change(&span)
        return span
    }

    /// The only span of a request in JSON.
    static func object(_ span: SpanData) throws -> [String: Any] {
        let body = OTLPEncoding.json.request([span], resource: [:], scope: "")
        let all = try #require(JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        let resources = try #require(all["resourceSpans"] as? [[String: Any]])
        let scopes = try #require(resources.first?["scopeSpans"] as? [[String: Any]])
        return try #require((scopes.first?["spans"] as? [[String: Any]])?.first)
    }

    static func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    @Test func `O10: a span is the same bytes as OpenTelemetry's own`() {
        #expect(
            Self.hex(OTLPEncoding.protobuf.request([Self.span()], resource: [:], scope: ""))
                == "0a37123512330a105b8efff798038103d269b633813fc60c1208eee19b7ec3c1b1742a0178300339004859e3faeb6f15"
                + "410012f41efbeb6f15")
    }

    @Test func `O1–O3: ids are hexadecimal, kinds numbers, times texts; a first span has no parent`() throws {
        let span = try Self.object(Self.span())
        #expect(span["traceId"] as? String == "5b8efff798038103d269b633813fc60c")
        #expect(span["spanId"] as? String == "eee19b7ec3c1b174")
        #expect(span["parentSpanId"] == nil)
        #expect(span["startTimeUnixNano"] as? String == "1544712660000000000")
        for (kind, number) in [
            (SpanData.Kind.internal, 1), (.server, 2), (.client, 3), (.producer, 4), (.consumer, 5),
        ] {
            #expect(try Self.object(Self.span { $0.kind = kind })["kind"] as? Int == number)
        }
    }

    @Test func `O5–O9: every kind of attribute is valid JSON`() throws {
        let text = "\" \\ \u{1} \u{2028} 🎼"
        let span = try Self.object(
            Self.span {
                $0.attributes = [
                    "nan": .double(.nan), "inf": .double(.infinity), "bytes": .bytes([1, 2, 255]),
                    "text": .string(text),
                    "list": [1, "a", true], "map": .map(["k": .map(["deep": 1.5])]), "int": .int(.max), "false": false,
                ]
            })
        let values = Dictionary(
            uniqueKeysWithValues: try #require(span["attributes"] as? [[String: Any]]).map {
                ($0["key"] as! String, $0["value"] as! [String: Any])
            })
        #expect(values["nan"]?["doubleValue"] as? String == "NaN")
        #expect(values["inf"]?["doubleValue"] as? String == "Infinity")
        #expect(values["bytes"]?["bytesValue"] as? String == "AQL/")
        #expect(values["text"]?["stringValue"] as? String == text)
        #expect(values["int"]?["intValue"] as? String == "9223372036854775807")
        #expect(values["false"]?["boolValue"] as? Bool == false)
        let list = values["list"]?["arrayValue"] as? [String: Any]
        #expect((list?["values"] as? [[String: Any]])?.count == 3)
        let map = values["map"]?["kvlistValue"] as? [String: Any]
        #expect((map?["values"] as? [[String: Any]])?.first?["key"] as? String == "k")
    }

    @Test func `O17, O18, O20: flags, counts of what was dropped, and a status that says why`() throws {
        let span = try Self.object(
            Self.span {
                $0.context.isSampled = true
                $0.parent = SpanID("00000000000000ff")
                $0.hasRemoteParent = true
                $0.droppedAttributes = 3
                $0.droppedEvents = 4
                $0.status = .error("no")
            })
        #expect(span["flags"] as? Int == 0x301)
        #expect(span["parentSpanId"] as? String == "00000000000000ff")
        #expect(span["droppedAttributesCount"] as? Int == 3)
        #expect(span["droppedEventsCount"] as? Int == 4)
        let status = span["status"] as? [String: Any]
        #expect(status?["code"] as? Int == 2)
        #expect(status?["message"] as? String == "no")
        #expect(try Self.object(Self.span { $0.status = .ok })["status"] as? [String: Int] == ["code": 1])
    }

    private func metrics(
        _ registry: MetricRegistry, _ times: OTLPTimes = .init(begin: 1, previous: 5, now: 9, preference: .cumulative),
        _ snapshots: [MetricSnapshot]? = nil
    ) throws -> [[String: Any]] {
        let body = OTLPEncoding.json.request(snapshots ?? registry.collect(), resource: ["a": 1], times: times)
        let all = try #require(JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        let scope = (all["resourceMetrics"] as? [[String: Any]])?.first?["scopeMetrics"] as? [[String: Any]]
        return try #require(scope?.first?["metrics"] as? [[String: Any]])
    }

    @Test func `O11: one counter with three sets of attributes is one metric with three points`() throws {
        let registry = quietRegistry()
        let counter = Meter(scope: "m", registry: registry).counter("c", unit: "By", help: "h")
        for key in ["a", "b", "c"] { counter.bind(["k": .string(key)]).add(1) }
        let all = try metrics(registry)
        #expect(all.count == 1)
        let sum = all.first?["sum"] as? [String: Any]
        #expect((sum?["dataPoints"] as? [[String: Any]])?.map { $0["asInt"] as? String } == ["1", "1", "1"])
        #expect(sum?["isMonotonic"] as? Bool == true)
        #expect(sum?["aggregationTemporality"] as? Int == 2)
    }

    @Test func `O12: what adds up begins where the registry did, what is new where the export before ended`() throws {
        let registry = quietRegistry()
        let meter = Meter(scope: "m", registry: registry)
        let counter = meter.counter("c")
        let both = meter.upDownCounter("u")
        let histogram = meter.histogram("h", bounds: .explicit([1]))
        let exponential = meter.histogram("x", bounds: .exponential)
        var memory = DeltaMemory()
        func step(_ number: Int) throws -> [String: [String: Any]] {
            counter.add(number)
            both.add(number)
            histogram.record(Double(number))
            exponential.record(Double(number))
            let times = OTLPTimes(begin: 1, previous: 5, now: 9, preference: .delta)
            var points: [String: [String: Any]] = [:]
            for metric in try metrics(registry, times, memory.differences(registry.collect())) {
                let data = ["sum", "histogram", "exponentialHistogram"].compactMap { metric[$0] as? [String: Any] }
                    .first
                points[metric["name"] as! String] = (data?["dataPoints"] as? [[String: Any]])?.first
            }
            return points
        }
        _ = try step(5)
        let second = try step(2)
        #expect(second["c"]?["asInt"] as? String == "2")
        #expect(second["c"]?["startTimeUnixNano"] as? String == "5")
        #expect(second["u"]?["asInt"] as? String == "7")
        #expect(second["u"]?["startTimeUnixNano"] as? String == "1")
        #expect(second["h"]?["count"] as? String == "1")
        #expect(second["h"]?["sum"] as? Double == 2)
        #expect(second["x"]?["count"] as? String == "1")
        #expect(second["x"]?["sum"] as? Double == 2)
    }

    @Test func `O14: a histogram has one bucket more than bounds, and no infinite bound`() throws {
        let registry = quietRegistry()
        Meter(scope: "m", registry: registry).histogram("h", bounds: .explicit([1, 2, .infinity, 2, .nan])).record(1.5)
        let data = try metrics(registry).first?["histogram"] as? [String: Any]
        let point = (data?["dataPoints"] as? [[String: Any]])?.first
        #expect(point?["explicitBounds"] as? [Double] == [1, 2])
        #expect(point?["bucketCounts"] as? [String] == ["0", "1", "0"])
    }

    @Test(arguments: [(1.0, -1), (1.5, 4), (2, 7), (3, 12), (4, 15), (10, 26), (0.5, -9), (17, 32), (16, 31)])
    func `O15: values fall in OpenTelemetry's exponential buckets`(value: Double, index: Int) throws {
        let registry = quietRegistry()
        Meter(scope: "m", registry: registry).histogram("h", bounds: .exponential).record(value)
        guard case .exponential(let distribution) = registry.collect()[0].points[0].value else {
            Issue.record("not exponential")
            return
        }
        #expect(distribution.offset == index)
        #expect(distribution.scale == 3)
    }

    @Test func `O15: joined buckets are those of the coarser scale`() {
        for (value, zero, below) in [(2.0, 0, 0), (3, 1, 0), (16, 3, 1), (17, 4, 2), (10, 3, 1)] {
            let registry = quietRegistry()
            Meter(scope: "m", registry: registry).histogram("h", bounds: .exponential).record(value)
            guard case .exponential(var distribution) = registry.collect()[0].points[0].value else { continue }
            while distribution.scale > 0 { distribution = distribution.coarser }
            #expect(distribution.offset == zero)
            #expect(distribution.coarser.offset == below)
        }
    }

    @Test func `O15: more than 160 buckets are joined until they fit`() {
        let registry = quietRegistry()
        let histogram = Meter(scope: "m", registry: registry).histogram("h", bounds: .exponential)
        for exponent in -20...20 { histogram.record(Double(sign: .plus, exponent: exponent, significand: 1.2)) }
        guard case .exponential(let all) = registry.collect()[0].points[0].value else { return }
        let fitted = all.fitting(160)
        #expect(fitted.counts.count <= 160)
        #expect(fitted.scale == 1)
        #expect(fitted.count == 41)
        #expect(fitted.sum == all.sum)
    }
}
#endif
