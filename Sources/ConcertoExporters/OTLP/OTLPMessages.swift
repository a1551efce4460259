#if Exporters
/// The messages of OTLP 1.11. Source: opentelemetry-proto.
extension OTLPWriter {
    mutating func spans(_ spans: [SpanData], resource: Attributes, scope: String) {
        messages(1, "resourceSpans", CollectionOfOne(spans)) { writer, spans in
            writer.resource(resource)
            writer.messages(2, "scopeSpans", CollectionOfOne(spans)) { writer, spans in
                writer.scope(scope)
                writer.messages(2, "spans", spans) { $0.span($1) }
            }
        }
    }

    mutating func metrics(_ metrics: [MetricSnapshot], resource: Attributes, times: OTLPTimes) {
        var scopes: [String: [MetricSnapshot]] = [:]
        for metric in metrics where !metric.points.isEmpty { scopes[metric.scope, default: []].append(metric) }
        messages(1, "resourceMetrics", CollectionOfOne(scopes.sorted { $0.key < $1.key })) { writer, scopes in
            writer.resource(resource)
            writer.messages(2, "scopeMetrics", scopes) { writer, scope in
                writer.scope(scope.key)
                writer.messages(2, "metrics", scope.value) { $0.metric($1, times) }
            }
        }
    }

    mutating func logs(_ records: [LogRecord], resource: Attributes) {
        var scopes: [String: [LogRecord]] = [:]
        for record in records { scopes[record.logger, default: []].append(record) }
        messages(1, "resourceLogs", CollectionOfOne(scopes.sorted { $0.key < $1.key })) { writer, scopes in
            writer.resource(resource)
            writer.messages(2, "scopeLogs", scopes) { writer, scope in
                writer.scope(scope.key)
                writer.messages(2, "logRecords", scope.value) { $0.record($1) }
            }
        }
    }

    // MARK: Parts of all signals

    /// Protobuf writes nothing for nothing; JSON an empty object.
    mutating func resource(_ attributes: Attributes) {
        guard !attributes.isEmpty else { return }
        message(1, "resource") { $0.attributes(1, attributes) }
    }

    mutating func scope(_ name: String) {
        guard !name.isEmpty else { return }
        message(1, "scope") { $0.string(1, "name", name) }
    }

    mutating func attributes(_ number: UInt8, _ attributes: Attributes) {
        messages(number, "attributes", attributes.entries) { $0.pair($1.key, $1.value) }
    }

    private mutating func pair(_ key: String, _ value: AttributeValue) {
        string(1, "key", key)
        message(2, "value") { $0.any(value) }
    }

    private mutating func any(_ value: AttributeValue) {
        switch value {
        case .string(let text): chosenString(1, "stringValue", text)
        case .bool(let truth): chosenBool(2, "boolValue", truth)
        case .int(let number): chosenInt(3, "intValue", number, isFixed: false)
        case .double(let number): chosenDouble(4, "doubleValue", number)
        case .array(let values):
            message(5, "arrayValue") { $0.messages(1, "values", values) { $0.any($1) } }
        case .map(let values):
            message(6, "kvlistValue") { writer in
                writer.messages(1, "values", values.sorted { $0.key < $1.key }) { $0.pair($1.key, $1.value) }
            }
        case .bytes(let bytes): blob(7, "bytesValue", bytes)
        }
    }

    // MARK: Spans

    private mutating func span(_ span: SpanData) {
        id(1, "traceId", span.context.traceID.high, span.context.traceID.low)
        id(2, "spanId", span.context.spanID.bits)
        string(3, "traceState", span.context.state.header)
        if let parent = span.parent { id(4, "parentSpanId", parent.bits) }
        string(5, "name", span.name)
        varint(6, "kind", span.kind.rawValue)
        fixed64(7, "startTimeUnixNano", span.start)
        fixed64(8, "endTimeUnixNano", span.end)
        attributes(9, span.attributes)
        varint(10, "droppedAttributesCount", UInt32(clamping: span.droppedAttributes))
        messages(11, "events", span.events) { writer, event in
            writer.fixed64(1, "timeUnixNano", event.time)
            writer.string(2, "name", event.name)
            writer.attributes(3, event.attributes)
            writer.varint(4, "droppedAttributesCount", UInt32(clamping: event.droppedAttributes))
        }
        varint(12, "droppedEventsCount", UInt32(clamping: span.droppedEvents))
        messages(13, "links", span.links) { writer, link in
            writer.id(1, "traceId", link.context.traceID.high, link.context.traceID.low)
            writer.id(2, "spanId", link.context.spanID.bits)
            writer.string(3, "traceState", link.context.state.header)
            writer.attributes(4, link.attributes)
            writer.fixed32(6, "flags", link.context.isSampled ? 1 : 0)
        }
        varint(14, "droppedLinksCount", UInt32(clamping: span.droppedLinks))
        switch span.status {
        case .unset: break
        case .ok: message(15, "status") { $0.varint(3, "code", 1) }
        case .error(let text):
            message(15, "status") { writer in
                writer.string(2, "message", text)
                writer.varint(3, "code", 2)
            }
        }
        // Bit 8 says that bit 9 means something, which says whether the parent is in another process.
        let parentKnown: UInt32 = span.parent == nil ? 0 : 0x100 | (span.hasRemoteParent ? 0x200 : 0)
        fixed32(16, "flags", (span.context.isSampled ? 1 : 0) | parentKnown)
    }

    // MARK: Metrics

    private mutating func metric(_ metric: MetricSnapshot, _ times: OTLPTimes) {
        string(1, "name", metric.name)
        string(2, "description", metric.help)
        string(3, "unit", metric.unit)
        switch metric.kind {
        case .gauge: message(5, "gauge") { $0.numbers(metric, times) }
        case .counter, .upDownCounter:
            message(7, "sum") { writer in
                writer.numbers(metric, times)
                writer.varint(2, "aggregationTemporality", times.temporality(of: metric.kind).rawValue)
                writer.bool(3, "isMonotonic", metric.kind == .counter)
            }
        case .histogram:
            let isExponential = metric.points.contains { if case .exponential = $0.value { true } else { false } }
            if isExponential {
                message(10, "exponentialHistogram") { writer in
                    writer.messages(1, "dataPoints", metric.points) { $0.exponential($1, times) }
                    writer.varint(2, "aggregationTemporality", times.temporality(of: .histogram).rawValue)
                }
            } else {
                message(9, "histogram") { writer in
                    writer.messages(1, "dataPoints", metric.points) { $0.explicit($1, times) }
                    writer.varint(2, "aggregationTemporality", times.temporality(of: .histogram).rawValue)
                }
            }
        }
    }

    private mutating func numbers(_ metric: MetricSnapshot, _ times: OTLPTimes) {
        messages(1, "dataPoints", metric.points) { writer, point in
            // A gauge has no beginning.
            if metric.kind != .gauge { writer.fixed64(2, "startTimeUnixNano", times.start(of: metric.kind)) }
            writer.fixed64(3, "timeUnixNano", times.now)
            switch point.value {
            case .int(let number): writer.chosenInt(6, "asInt", number, isFixed: true)
            case .double(let number): writer.chosenDouble(4, "asDouble", number)
            case .histogram, .exponential: break
            }
            writer.attributes(7, point.attributes)
        }
    }

    private mutating func explicit(_ point: MetricSnapshot.Point, _ times: OTLPTimes) {
        guard case .histogram(let distribution) = point.value else { return }
        fixed64(2, "startTimeUnixNano", times.start(of: .histogram))
        fixed64(3, "timeUnixNano", times.now)
        fixed64(4, "count", distribution.count)
        chosenDouble(5, "sum", distribution.sum)
        fixed64s(6, "bucketCounts", distribution.counts)
        doubles(7, "explicitBounds", distribution.bounds)
        exemplars(8, point.exemplars)
        attributes(9, point.attributes)
    }

    private mutating func exponential(_ point: MetricSnapshot.Point, _ times: OTLPTimes) {
        guard case .exponential(let all) = point.value else { return }
        let distribution = all.fitting(160)
        attributes(1, point.attributes)
        fixed64(2, "startTimeUnixNano", times.start(of: .histogram))
        fixed64(3, "timeUnixNano", times.now)
        fixed64(4, "count", distribution.count)
        chosenDouble(5, "sum", distribution.sum)
        zigzag(6, "scale", Int32(distribution.scale))
        fixed64(7, "zeroCount", distribution.zeros)
        message(8, "positive") { writer in
            writer.zigzag(1, "offset", Int32(clamping: distribution.offset))
            writer.varint64s(2, "bucketCounts", distribution.counts)
        }
        exemplars(11, point.exemplars)
    }

    private mutating func exemplars(_ number: UInt8, _ exemplars: [MetricSnapshot.Exemplar]) {
        messages(number, "exemplars", exemplars) { writer, exemplar in
            writer.fixed64(2, "timeUnixNano", exemplar.time)
            writer.chosenDouble(3, "asDouble", exemplar.value)
            writer.id(4, "spanId", exemplar.spanID.bits)
            writer.id(5, "traceId", exemplar.traceID.high, exemplar.traceID.low)
        }
    }

    // MARK: Logs

    private mutating func record(_ record: LogRecord) {
        fixed64(1, "timeUnixNano", record.time)
        varint(2, "severityNumber", record.severity)
        string(3, "severityText", record.severityText)
        message(5, "body") { $0.chosenString(1, "stringValue", record.body) }
        attributes(6, record.attributes)
        if let trace = record.trace {
            fixed32(8, "flags", trace.isSampled ? 1 : 0)
            id(9, "traceId", trace.traceID.high, trace.traceID.low)
            id(10, "spanId", trace.spanID.bits)
        }
        fixed64(11, "observedTimeUnixNano", record.time)
    }
}
#endif
