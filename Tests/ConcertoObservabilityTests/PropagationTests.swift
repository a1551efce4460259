#if Observability
import Testing
import Tracing

@testable import ConcertoObservability

/// The cases W1–W16 of W3C's headers.
@Suite struct PropagationTests {
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let span = "00f067aa0ba902b7"
    static let parent = "00-\(trace)-\(span)-01"

    @Test func `W1: a valid header is the trace, the span and whether it is recorded`() throws {
        let context = try #require(TraceContext(traceparent: Self.parent))
        #expect("\(context.traceID)" == Self.trace)
        #expect("\(context.spanID)" == Self.span)
        #expect(context.isSampled)
        #expect(context.traceparent == Self.parent)
    }

    @Test(arguments: [
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(span)-01", "ff-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01.x",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01", "00-\(trace)-\(span)-01-",
        "00-\(trace)-\(span)-0", "00-\(trace)-\(span)-0x", "00_\(trace)-\(span)-01", "0-\(trace)-\(span)-01", "",
        "00-\(trace)-\(span)-01 ", "00-é\(trace.dropFirst(2))-\(span)-01", "+0-\(trace)-\(span)-01",
    ])
    func `W2, W3, W5, W6, W9: what is not valid begins a new trace`(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test func `W5: a later version is read as far as it is known`() {
        #expect(TraceContext(traceparent: "cc-\(Self.trace)-\(Self.span)-01-what-the-future-brings")?.isSampled == true)
        #expect(TraceContext(traceparent: "cc-\(Self.trace)-\(Self.span)-00") != nil)
    }

    @Test func `W7: of the flags only the one that is known is sent on`() throws {
        let context = try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-ff"))
        #expect(context.isSampled)
        #expect(context.traceparent.hasSuffix("-01"))
        #expect(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-02")?.traceparent.hasSuffix("-00") == true)
    }

    @Test func `W10: a state that cannot be read does not hurt the trace`() throws {
        let many = (0..<33).map { "k\($0)=v" }.joined(separator: ",")
        for state in [many, "a=1,a=2", "A=1", "a=b=c", "nothing", "a=é"] {
            let context = try #require(TraceContext(traceparent: Self.parent, tracestate: state))
            #expect(context.state.members.isEmpty, "\(state)")
        }
        let kept = TraceContext(traceparent: Self.parent, tracestate: " a=1 ,, b@c=2\t")?.state.header
        #expect(kept == "a=1,b@c=2")
    }

    @Test func `W11: an own member moves to the front, the others keep their order`() throws {
        var state = try #require(TraceState("a=1,b=2,c=3"))
        state.put("b", "4")
        #expect(state.header == "b=4,a=1,c=3")
        state.put("Not a key", "1")
        #expect(state.header == "b=4,a=1,c=3")
    }

    @Test func `more than 512 characters lose the long members first`() throws {
        let long = String(repeating: "x", count: 200)
        let state = try #require(TraceState("a=1,b=\(long),c=\(long),d=\(long),e=2"))
        #expect(state.header == "a=1,b=\(long),c=\(long),e=2")
    }

    private struct Carrier: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    @Test func `W13: a state without a trace is nothing`() {
        var context = ServiceContext.topLevel
        ConcertoTracer(to: Spans()).extract(["tracestate": "a=1"], into: &context, using: Carrier())
        #expect(context.trace == nil)
    }

    @Test func `a trace goes in and out of a process, and its spans know that the parent is elsewhere`() throws {
        let spans = Spans()
        let tracer = ConcertoTracer(to: spans)
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": Self.parent, "tracestate": "a=1"], into: &context, using: Carrier())
        let outer = tracer.startSpan("outer", context: context, ofKind: .server)
        let inner = tracer.startSpan("inner", context: outer.context)
        var carrier: [String: String] = [:]
        tracer.inject(inner.context, into: &carrier, using: Carrier())
        inner.end()
        outer.end()
        let all = spans.all
        #expect(all.map(\.name) == ["inner", "outer"])
        #expect(all.map(\.hasRemoteParent) == [false, true])
        #expect(all[1].parent == SpanID(Self.span))
        #expect(all[0].parent == all[1].context.spanID)
        #expect(Set(all.map { "\($0.context.traceID)" }) == [Self.trace])
        #expect(carrier == ["traceparent": "00-\(Self.trace)-\(all[0].context.spanID)-01", "tracestate": "a=1"])
    }

    @Test func `W16: the environment carries a trace to a program`() throws {
        let context = try #require(TraceContext(environment: ["TRACEPARENT": Self.parent, "TRACESTATE": "a=1"]))
        #expect(context.environment == ["TRACEPARENT": Self.parent, "TRACESTATE": "a=1"])
        #expect(TraceContext(environment: [:]) == nil)
    }
}

/// Keeps spans for a test.
final class Spans: SpanSink {
    private let kept = Guarded<[SpanData]>([])
    var all: [SpanData] { kept.withLock { $0 } }
    func take(_ span: SpanData) { kept.withLock { $0.append(span) } }
}
#endif
