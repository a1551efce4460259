#if Server
import Concerto
import ConcertoResilience
import ConcertoServer
import ConcertoTesting
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// The order of the kit's parts, and what they do to the bytes of an answer.
@Suite struct LayerTests {
    private func ask(_ port: Int, _ path: String, _ headers: String = "") async throws -> String {
        try await RawClient.with(port: port) { talk in
            try await talk.send("GET /\(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(headers)\r\n")
            return await talk.readToEnd()
        }
    }

    @Test func `33: a queue's own limit refuses long before the deadline does`() async throws {
        let (clock, events, opened) = (ManualClock(), Events(), Latch())
        let kit = ServerKit {
            $0.clock = clock
            $0.admission = .concurrency(1, queue: 5, maxWait: .milliseconds(200))
        }
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("hold") { _, _ in
            events.add("held")
            try await opened.wait()
            return "held"
        }
        try await serving(kit, .http1, router) { port in
            async let first = ask(port, "hold")
            await until { events.contains("held") }
            async let second = ask(port, "hold")
            await until { kit.waiting == 1 }
            clock.advance(by: .milliseconds(200) - .nanoseconds(1))
            #expect(kit.waiting == 1)
            clock.advance(by: .nanoseconds(1))
            let refused = try await second
            #expect(refused.hasPrefix("HTTP/1.1 503"))
            #expect(refused.contains("Retry-After: 1"))
            opened.open()
            let served = try await first
            #expect(served.hasSuffix("held"))
        }
        #expect(events.all == ["held"])
    }

    @Test func `33: newest first, who has come last is served next`() async throws {
        let (events, opened) = (Events(), Latch())
        let kit = ServerKit { $0.admission = .concurrency(1, queue: 5, order: .newestFirst) }
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("{name}") { _, context in
            let name = try context.parameters.require("name")
            events.add(name)
            if name == "first" { try await opened.wait() }
            return name
        }
        try await serving(kit, .http1, router) { port in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, name) in ["first", "second", "third", "fourth"].enumerated() {
                    group.addTask { _ = try await ask(port, name) }
                    await until { number == 0 ? events.contains("first") : kit.waiting == number }
                }
                opened.open()
                try await group.waitForAll()
            }
        }
        #expect(events.all == ["first", "fourth", "third", "second"])
    }

    @Test func `37: the parts act in their order, whatever the order in which they are configured`() async throws {
        let (events, opened) = (Events(), Latch())
        let kit = ServerKit {
            $0.admission = .concurrency(1)
            $0.deadline = .seconds(30)
            $0.rateLimit = RequestRateLimit(.fixedWindow(3, per: .seconds(600)), by: .everybody)
            $0.connections.limits.maximumBody = 10
        }
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("hold") { _, _ in
            events.add("held")
            try await opened.wait()
            return "held"
        }
        try await serving(kit, .http1, router) { port in
            async let first = ask(port, "hold")
            await until { events.contains("held") }
            // Nothing is left of its time: it does not ask for a permit, of which there is none.
            let late = try await ask(port, "hold", "x-request-timeout-ms: 0\r\n")
            #expect(late.hasPrefix("HTTP/1.1 504"))
            let shed = try await ask(port, "hold")
            #expect(shed.hasPrefix("HTTP/1.1 503"))
            // Beyond the rate nobody looks at its time, nor at permits; what is refused tells what is left too.
            let beyond = try await ask(port, "hold", "x-request-timeout-ms: 0\r\n")
            #expect(beyond.hasPrefix("HTTP/1.1 429"))
            #expect(beyond.contains("RateLimit-Remaining: 0"))
            // A body that is too long is refused before all of them, and counts for none.
            let long = try await ask(port, "hold", "Content-Length: 11\r\n")
            #expect(long.hasPrefix("HTTP/1.1 413"))
            // Probes are asked before the rate.
            let live = try await ask(port, "health/live")
            #expect(live.hasPrefix("HTTP/1.1 200"))
            opened.open()
            let held = try await first
            #expect(held.hasSuffix("held"))
        }
        #expect(events.all == ["held"])
        #expect(kit.statistics.rateLimited == 1 && kit.statistics.shed == 1 && kit.statistics.deadlines == 1)
    }

    // MARK: Writes

    private final class Flushes: ChannelOutboundHandler, RemovableChannelHandler {
        typealias OutboundIn = HTTPResponsePart

        private let events: Events

        init(_ events: Events) { self.events = events }

        func flush(context: ChannelHandlerContext) {
            events.add("flush")
            context.flush()
        }
    }

    private struct Unobserving: RequestObserver {
        func began(_ request: RequestMeasurement) {}
        func ended(_ request: RequestMeasurement) {}
    }

    @Test func `54: with all parts on, a small answer is flushed as often as without them`() async throws {
        let (bare, whole) = (Events(), Events())
        let kit = ServerKit {
            $0.observer = Unobserving()
            $0.admission = .concurrency(10)
            $0.rateLimit = RequestRateLimit(.fixedWindow(100, per: .seconds(600)))
            $0.connections.additionalChannelHandlers = { [Flushes(whole)] }
        }
        let router = TestRouter()
        router.add(middleware: kit.middleware())
        router.get("small") { _, _ in "small" }
        try await serving(kit, .http1, router) { port in _ = try await ask(port, "small") }

        let plain = TestRouter()
        plain.get("small") { _, _ in "small" }
        let port = TaskCompletionSource<Int>()
        let app = Application(
            router: plain, server: .http1(configuration: .init(additionalChannelHandlers: [Flushes(bare)])),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.trySetResult($0.localAddress?.port ?? 0) }, logger: quiet)
        let group = ServiceGroup(configuration: .init(services: [app], logger: quiet))
        async let running: Void = group.run()
        _ = try await ask(try await port.task.value, "small")
        await group.triggerGracefulShutdown()
        try await running
        #expect(!bare.all.isEmpty)
        #expect(whole.all.count <= bare.all.count, "\(whole.all.count) flushes, \(bare.all.count) without the kit")
    }
}
#endif
