#if Observability
import ConcertoResilience
import Logging
import Testing
import Tracing

@testable import ConcertoObservability

@Suite struct TracerTests {
    let spans = Spans()
    var tracer: ConcertoTracer { ConcertoTracer(to: spans) }

    private struct Failure: Error {}

    @Test func `O18: attributes, events and links beyond 128 are counted, not kept`() {
        let span = tracer.startSpan("s")
        span.updateAttributes { attributes in for number in 0..<130 { attributes["k\(number)"] = number } }
        for number in 0..<131 { span.addEvent(SpanEvent(name: "e\(number)")) }
        for _ in 0..<129 { span.addLink(SpanLink(context: span.context, attributes: [:])) }
        span.end()
        let data = spans.all[0]
        #expect((data.attributes.count, data.droppedAttributes) == (128, 2))
        #expect((data.events.count, data.droppedEvents) == (128, 3))
        #expect((data.links.count, data.droppedLinks) == (128, 1))
    }

    @Test func `a span ends once, and takes nothing afterwards`() {
        let span = tracer.startSpan("s")
        span.end()
        span.attributes["late"] = 1
        span.addEvent("late")
        span.end()
        #expect(spans.all.count == 1)
        #expect(spans.all[0].attributes.isEmpty)
    }

    @Test func `"well" is final, an error keeps its reason`() {
        let good = tracer.startSpan("good")
        good.setStatus(SpanStatus(code: .ok))
        good.setStatus(SpanStatus(code: .error, message: "no"))
        good.end()
        let bad = tracer.startSpan("bad")
        bad.setStatus(SpanStatus(code: .error, message: "why"))
        bad.end()
        #expect(spans.all.map(\.status) == [.ok, .error("why")])
    }

    @Test func `what is not recorded is not handed on, and neither are its children`() {
        let tracer = ConcertoTracer(to: spans, sampler: .parentBased(.alwaysOff))
        let outer = tracer.startSpan("outer")
        let inner = tracer.startSpan("inner", context: outer.context)
        #expect(!inner.isRecording)
        inner.end()
        outer.end()
        #expect(spans.all.isEmpty)
        #expect(inner.context.trace?.traceID == outer.context.trace?.traceID)
    }

    @Test func `a share of the traces is the same in every process`() {
        let half = Sampler.ratio(0.5)
        let kept = (UInt64(1)...1_000).filter {
            half.records(TraceID(high: 1, low: $0 &* 0x9E37_79B9_7F4A_7C15)!, parent: nil)
        }
        #expect((400...600).contains(kept.count))
        #expect(Sampler.ratio(0) == .alwaysOff)
        #expect(Sampler.ratio(2) == .alwaysOn)
    }

    @Test func `a pipeline has a span, and one for each attempt below it`() async throws {
        let tracer = tracer
        let pipeline = ResiliencePipeline {
            Traced("call", tracer: tracer)
            Retry(maxRetries: 2, backoff: .none)
            Traced("attempt", ofKind: .client, tracer: tracer)
        }
        let count = Guarded(0)
        let headers = Guarded<[String]>([])
        try await pipeline.execute {
            headers.withLock { $0.append(TraceContext.current!.traceparent) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number < 3 { throw Failure() }
        }
        let all = spans.all
        #expect(all.map(\.name) == ["attempt", "attempt", "attempt", "call"])
        #expect(all.dropLast().allSatisfy { $0.parent == all[3].context.spanID })
        #expect(all.map { $0.attributes["concerto.resilience.attempt"] } == [nil, 2, 3, nil])
        #expect(all[0].status != .unset && all[2].status == .unset && all[3].status == .unset)
        #expect(all[0].events.first?.name == "exception")
        // What the body sends on names the attempt, not the call.
        #expect(headers.withLock { $0 } == all.dropLast().map(\.context.traceparent))
    }

    @Test func `a caller who gives up is no error`() async {
        let tracer = tracer
        let pipeline = ResiliencePipeline { Traced("call", tracer: tracer) }
        await #expect(throws: CancellationError.self) { try await pipeline.execute { throw CancellationError() } }
        #expect(spans.all.map(\.status) == [.unset])
        #expect(spans.all[0].events.isEmpty)
    }

    @Test func `the context follows every combinator`() async throws {
        let tracer = tracer
        let seen = Traces()
        try await tracer.withSpan("outer") { _ in
            _ = try await (1...3).mapConcurrently(limit: 2) { _ in seen.note() }
            try await Task.race(of: [1]) { _ in seen.note() }
            await withDeadline(in: .seconds(60)) { seen.note() }
            await Task { seen.note() }.value
            _ = try await Task.whenAll([Task.run { seen.note() }])
            await withCancellation(of: CancellationToken.none) { seen.note() }
        }
        let all = seen.all
        #expect(all.count == 8)
        #expect(Set(all) == [spans.all[0].context.traceID])
    }

    @Test func `lines of a log name the trace, and are handed on with it`() throws {
        let lines = Lines()
        var handler = ConcertoLogHandler("shop", to: lines)
        handler.logLevel = .trace
        handler.metadataProvider = .concertoTrace
        let logger = Logger(label: "shop") { _ in handler }
        tracer.withSpan("s") { _ in
            logger.warning("careful", metadata: ["list": ["a", ["k": "v"]], "n": "\(1)"])
        }
        logger.critical("out")
        let first = lines.all[0]
        #expect((first.severity, first.severityText, first.body, first.logger) == (13, "WARNING", "careful", "shop"))
        #expect(first.trace == spans.all[0].context)
        #expect(first.attributes["trace_id"] == .string("\(spans.all[0].context.traceID)"))
        #expect(first.attributes["list"] == .array(["a", .map(["k": "v"])]))
        #expect(lines.all[1].trace == nil)
        #expect(lines.all[1].severity == 21)
    }
}

/// Keeps the trace that is current wherever it is asked.
final class Traces: Sendable {
    private let kept = Guarded<[TraceID?]>([])
    var all: [TraceID?] { kept.withLock { $0 } }
    func note() { kept.withLock { $0.append(TraceContext.current?.traceID) } }
}

/// Keeps lines for a test.
final class Lines: LogSink {
    private let kept = Guarded<[LogRecord]>([])
    var all: [LogRecord] { kept.withLock { $0 } }
    func take(_ record: LogRecord) { kept.withLock { $0.append(record) } }
}
#endif
