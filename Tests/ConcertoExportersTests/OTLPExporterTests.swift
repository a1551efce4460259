#if Exporters
import ConcertoResilience
import ConcertoTesting
import Foundation
import NIOHTTP1
import Testing

@testable import ConcertoExporters

/// The cases T1–T19: what the exporter does over HTTP.
@Suite struct OTLPExporterTests {
    /// An exporter of spans that sends when it is told to.
    private func exporter(
        _ server: CollectorServer, registry: MetricRegistry? = nil, random: RandomSource = .system,
        _ change: (inout OTLPOptions) -> Void = { _ in }
    ) throws -> OTLPExporter {
        var options = OTLPOptions(base: server.base)
        options.backoff = .exponential(base: .milliseconds(1), cap: .milliseconds(5), jitter: .full)
        options.delay = .seconds(3_600)
        change(&options)
        return try OTLPExporter(options, registry: registry, resource: ["service.name": "test"], random: random)
    }

    private func send(
        _ answer: CollectorServer.Answer, _ change: (inout OTLPOptions) -> Void = { _ in }
    ) async throws -> (OTLPExporter.Statistics, Int) {
        let server = try await CollectorServer { _ in answer }
        let exporter = try exporter(server, change)
        exporter.take(OTLPEncodingTests.span())
        try await exporter.flush()
        let requests = server.requests.count
        await exporter.shutdown()
        await server.stop()
        return (exporter.statistics, requests)
    }

    @Test(arguments: [200, 204])
    func `T1, T2: an answer without content is success`(status: Int) async throws {
        let (statistics, requests) = try await send(.init(status: status))
        #expect(requests == 1)
        #expect(statistics.delivered == 1)
        #expect(statistics.droppedSpans == 0)
    }

    @Test func `T3, T19: what was refused of a request is counted, and not sent again; the type may have parameters`()
        async throws
    {
        let json = Array(#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#.utf8)
        let binary: [UInt8] = [0x0a, 11, 0x08, 3, 0x12, 7] + Array("too old".utf8)
        for (type, body) in [("application/json; charset=utf-8", json), ("application/x-protobuf", binary)] {
            let (statistics, requests) = try await send(
                .init(headers: [("Content-Type", type)], body: body)
            ) { $0.encoding = .json }
            #expect(requests == 1)
            #expect(statistics.rejected == 3)
            #expect(statistics.lastMessage == "too old")
        }
    }

    @Test func `T4: an empty partial success says nothing`() async throws {
        let (statistics, _) = try await send(.init(body: [0x0a, 0]))
        #expect(statistics == .init(delivered: 1))
    }

    @Test(arguments: [400, 401, 413, 500])
    func `T5: what will not get better is not sent again`(status: Int) async throws {
        let (statistics, requests) = try await send(.init(status: status))
        #expect(requests == 1)
        #expect(statistics.failed == 1)
        #expect(statistics.droppedSpans == 1)
    }

    @Test func `T6: the server says when to come back`() async throws {
        let server = try await CollectorServer { number in
            number == 0 ? .init(status: 429, headers: [("Retry-After", "1")]) : .init()
        }
        let exporter = try exporter(server)
        exporter.take(OTLPEncodingTests.span())
        try await exporter.flush()
        let requests = server.requests
        #expect(requests.count == 2)
        #expect(requests[1].time - requests[0].time >= .seconds(1))
        #expect(exporter.statistics.delivered == 1)
        await exporter.shutdown()
        await server.stop()
    }

    @Test func `T8: a long wait that the server asks for ends with the export's time`() async throws {
        let (statistics, requests) = try await send(.init(status: 503, headers: [("Retry-After", "99999")])) {
            $0.timeout = .milliseconds(200)
        }
        #expect(requests >= 1)
        #expect(statistics.delivered == 0)
        #expect(statistics.droppedSpans == 1)
    }

    @Test func `T9: a server that is not there yet gets the request when it is`() async throws {
        let first = try await CollectorServer()
        let port = first.port
        await first.stop()
        var options = OTLPOptions(base: "http://127.0.0.1:\(port)", signals: [.traces])
        options.backoff = .exponential(base: .milliseconds(1), cap: .milliseconds(20), jitter: .full)
        let exporter = try OTLPExporter(options, registry: nil)
        exporter.take(OTLPEncodingTests.span())
        async let sending: Void = exporter.flush()
        let server = try await CollectorServer(port: port)
        try await sending
        #expect(server.requests.count == 1)
        #expect(exporter.statistics.delivered == 1)
        await exporter.shutdown()
        await server.stop()
    }

    @Test(arguments: [true, false])
    func `T11: a request is compressed, and says so`(usesGzip: Bool) async throws {
        let server = try await CollectorServer()
        let exporter = try exporter(server) {
            $0.usesGzip = usesGzip
            $0.headers = [("authorization", "Bearer x")]
        }
        exporter.take(OTLPEncodingTests.span())
        try await exporter.flush()
        let request = try #require(server.requests.first)
        #expect(request.path == "/v1/traces")
        #expect(request.headers.first(name: "content-encoding") == (usesGzip ? "gzip" : nil))
        #expect(request.headers.first(name: "authorization") == "Bearer x")
        #expect(request.headers.first(name: "user-agent")?.hasPrefix("concerto") == true)
        #expect(
            request.body
                == OTLPEncoding.protobuf.request([OTLPEncodingTests.span()], resource: ["service.name": "test"]))
        await exporter.shutdown()
        await server.stop()
    }

    @Test func `T12: where nothing was recorded nothing is sent`() async throws {
        let server = try await CollectorServer()
        let exporter = try exporter(server, registry: quietRegistry())
        try await exporter.flush()
        await exporter.shutdown()
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test
    func `T13, T16: beside a server that hangs memory stays, the rest is dropped and counted; one request at a time`()
        async throws
    {
        let server = try await CollectorServer { _ in .init(hangs: true) }
        let exporter = try exporter(server) { $0.shutdownTimeout = .milliseconds(50) }
        let running = Task { await exporter.run() }
        for _ in 0..<512 { exporter.take(OTLPEncodingTests.span()) }
        _ = await server.requests(1)
        for _ in 0..<5_000 { exporter.take(OTLPEncodingTests.span()) }
        #expect(exporter.statistics.droppedSpans == 5_000 - 2_048)
        #expect(server.mostUnderWay == 1)
        running.cancel()
        await running.value
        // Whatever there was is accounted for.
        #expect(exporter.statistics.droppedSpans == 5_512)
        await server.stop()
    }

    @Test func `T15: what was recorded before the end arrives`() async throws {
        let server = try await CollectorServer()
        let registry = quietRegistry()
        Meter(scope: "t", registry: registry).counter("c").add(1)
        let exporter = try exporter(server, registry: registry) { $0.encoding = .json }
        let running = Task { await exporter.run() }
        for _ in 0..<100 { exporter.take(OTLPEncodingTests.span()) }
        exporter.take(LogRecord(time: 1, severity: 9, severityText: "INFO", body: "b", logger: "l"))
        running.cancel()
        await running.value
        #expect(Set(server.requests.map(\.path)) == ["/v1/traces", "/v1/metrics", "/v1/logs"])
        let spans = server.requests.filter { $0.path == "/v1/traces" }.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(spans.map { $0.split(separator: "\"spanId\"").count - 1 }.reduce(0, +) == 100)
        #expect(exporter.statistics.droppedSpans == 0)
        exporter.take(OTLPEncodingTests.span())
        #expect(exporter.statistics.droppedSpans == 1)
        await server.stop()
    }

    @Test func `options name every field that cannot work, and show no secret`() {
        var options = OTLPOptions(base: "ftp://user:password@host/", signals: [.traces])
        options.batchSize = 0
        options.timeout = .zero
        let error = #expect(throws: InvalidOptionsError.self) { try options.validate() }
        let text = "\(String(describing: error))"
        for field in ["endpoints.traces", "batchSize", "timeout"] { #expect(text.contains(field)) }
        #expect(!text.contains("password"))
    }

    @Test(arguments: [
        ("https://u:p@h/x?sig=1&a=2#f", "https://REDACTED:REDACTED@h/x?sig=REDACTED&a=2#f"),
        ("http://tok@h:1/p", "http://REDACTED@h:1/p"), ("http://h/a@b?c=d", "http://h/a@b?c=d"),
        ("/p?X-Amz-Signature=s&Token=t&k", "/p?X-Amz-Signature=REDACTED&Token=REDACTED&k"),
        ("http://u:a@b@h?x=1", "http://REDACTED:REDACTED@h?x=1"), ("no url", "no url"),
    ])
    func `D30: a URL is shown without its secrets`(url: String, shown: String) {
        #expect(RedactedURL(url).description == shown)
    }
}
#endif
