#if Server
import Concerto
import ConcertoServer
import ConcertoTesting
import HTTPTypes
import Hummingbird
import NIOCore
import NIOSSL
import Synchronization
import TestSupport
import Testing

#if Observability
import ConcertoObservability
#endif

@Suite struct MeasurementTests {
    private final class Observer: RequestObserver {
        private let state = Mutex<(active: Int, ended: [RequestMeasurement])>((0, []))

        func began(_ request: RequestMeasurement) { state.withLock { $0.active += 1 } }
        func ended(_ request: RequestMeasurement) {
            state.withLock { state in
                state.active -= 1
                state.ended.append(request)
            }
        }

        var active: Int { state.withLock { $0.active } }
        var all: [RequestMeasurement] { state.withLock { $0.ended } }
    }

    private let observer = Observer()
    private let events = Events()
    private let clock = ManualClock()

    private func kit(_ configure: (inout ServerKitOptions) -> Void = { _ in }) -> ServerKit {
        ServerKit { options in
            options.observer = observer
            options.clock = clock
            configure(&options)
        }
    }

    private func router(_ kit: ServerKit) -> TestRouter {
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        let (events, clock) = (events, clock)
        router.get("orders/{id}") { _, _ in
            clock.advance(by: .milliseconds(20))
            return "order"
        }
        router.get("fails") { _, _ -> String in throw HTTPError(.badGateway) }
        router.get("sleep") { _, _ in try await sleepLong(events) }
        router.get("stream") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "first"))
                    _ = try await sleepLong(events)
                })
        }
        return router
    }

    private func ask(_ port: Int, _ request: String, tls: Bool = false) async throws -> String {
        try await RawClient.with(port: port, tls: tls) { talk in
            try await talk.send("\(request)Host: a\r\nConnection: close\r\n\r\n")
            return await talk.readToEnd()
        }
    }

    @Test func `each request is measured by its route's template, never by its path, from head to last byte`()
        async throws
    {
        let kit = kit { $0.connections.limits.maximumBody = 10 }
        try await serving(kit, .http1, router(kit)) { port in
            let requests = [
                "GET /orders/7?a=1 HTTP/1.1\r\n", "GET /fails HTTP/1.1\r\n", "GET /no/such/path HTTP/1.1\r\n",
                "PURGE /orders/7 HTTP/1.1\r\n", "GET /health/live HTTP/1.1\r\n",
                "POST /orders/7 HTTP/1.1\r\nContent-Length: 20\r\n",
            ]
            for (number, request) in requests.enumerated() {
                _ = try await ask(port, request)
                await until { observer.all.count == number + 1 }
            }
        }
        let all = observer.all
        #expect(all.map(\.status) == [200, 502, 404, 404, 200, 413])
        #expect(all.map(\.route) == ["/orders/{id}", "/fails", nil, nil, "/health/live", nil])
        #expect(all.map(\.method) == ["GET", "GET", "GET", "_OTHER", "GET", "POST"])
        #expect(all.map(\.errorType) == [nil, "502", nil, nil, nil, nil])
        #expect(all.map(\.duration) == [.milliseconds(20)] + Array(repeating: .zero, count: 5))
        #expect(all.allSatisfy { $0.scheme == "http" && $0.protocolVersion == "1.1" })
        #expect(observer.active == 0)
    }

    @Test func `1: a client that hangs up is measured as 499, with the reason`() async throws {
        let kit = kit { $0.deadline = nil }
        try await serving(kit, .http1, router(kit)) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
                await until { events.contains("started") }
                #expect(observer.active == 1)
                await talk.close()
            }
            await until { observer.all.count == 1 }
        }
        #expect(observer.all[0].status == 499)
        #expect(observer.all[0].errorType == "clientClosed")
        #expect(observer.all[0].route == "/sleep")
        #expect(observer.active == 0)
    }

    @Test func `a deadline is measured as 504; an answer that breaks off keeps its status and is an error`()
        async throws
    {
        let kit = kit { $0.deadline = .seconds(1) }
        try await serving(kit, .http1, router(kit)) { port in
            for path in ["sleep", "stream"] {
                let before = events.count("started")
                async let answer = ask(port, "GET /\(path) HTTP/1.1\r\n")
                await until { events.count("started") == before + 1 }
                clock.advance(by: .seconds(1))
                _ = try await answer
            }
            await until { observer.all.count == 2 }
        }
        #expect(observer.all.map(\.status) == [504, 200])
        #expect(observer.all.map(\.errorType) == ["504", "aborted"])
        #expect(observer.all.map(\.duration) == [.seconds(1), .seconds(1)])
    }

    @Test func `behind TLS the scheme is https`() async throws {
        let kit = kit()
        try await serving(kit, .https1(try TestCertificate.server()), router(kit)) { port in
            _ = try await ask(port, "GET /orders/7 HTTP/1.1\r\n", tls: true)
            await until { observer.all.count == 1 }
        }
        #expect(observer.all.map(\.scheme) == ["https"])
    }

    #if Observability
    @Test func `the metrics have the conventional names, and a series for each template`() async throws {
        let registry = MetricRegistry()
        let meter = Meter(scope: "test", registry: registry)
        let metrics = ServerMetrics(meter)
        let kit = kit { $0.observer = metrics }
        meter.observe(kit)
        try await serving(kit, .http1, router(kit)) { port in
            for id in 1...5 { _ = try await ask(port, "GET /orders/\(id) HTTP/1.1\r\n") }
            _ = try await ask(port, "GET /nowhere HTTP/1.1\r\n")
            await until { kit.statistics.completed == 6 }
        }
        let all = Dictionary(registry.collect().map { ($0.name, $0) }) { first, _ in first }
        let duration = try #require(all["http.server.request.duration"])
        #expect(duration.unit == "s")
        let series: [Attributes] = duration.points.map(\.attributes)
        #expect(
            series.contains([
                "http.request.method": "GET", "http.response.status_code": 200, "http.route": "/orders/{id}",
                "network.protocol.version": "1.1", "url.scheme": "http",
            ]))
        #expect(series.count == 2, "\(series)")
        guard case .histogram(let orders)? = duration.points.first(where: { $0.attributes["http.route"] != nil })?.value
        else { return #expect(Bool(false), "no histogram") }
        #expect(orders.counts.reduce(0, +) == 5)
        #expect(abs(orders.sum - 0.1) < 0.000_1)
        let active = try #require(all["http.server.active_requests"])
        #expect(active.points.map(\.value) == [.int(0)])
        #expect(all["concerto.server.refusals"]?.points.isEmpty == false)
        #expect(all["concerto.server.connections"] != nil)
    }
    #endif
}
#endif
