#if os(Linux) && CLI
import Concerto
import ConcertoHTTP
import ConcertoStreams
import DemoServer
import Foundation
import NIOCore
import TestSupport
import Testing

/// The service of docs/high-throughput-api.md, started as its readers start it and asked over sockets.
@Suite struct OrdersTests {
    /// The service beside a customers' service that misbehaves as configured, while `body` runs; then it is told to end.
    ///
    /// - Returns: How it ended, and what it wrote to standard error.
    private func serving(
        _ customers: DemoServerConfiguration, _ settings: [String: String] = [:],
        _ body: @escaping @Sendable (_ url: String, _ metrics: String, _ demo: DemoServer) async throws -> Void
    ) async throws -> (CommandStatus, [String]) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await DemoServer.run(customers) { demo in
            var environment = ProcessInfo.processInfo.environment.filter { $0.key != "CONCERTO_POOL" }
            environment.merge([
                "ORDERS_CUSTOMERS": demo.url, "ORDERS_DATABASE": folder.appendingPathComponent("orders.sqlite").path,
                "ORDERS_PORT": "0", "ORDERS_METRICS_PORT": "0", "ORDERS_DRAIN_SECONDS": "0",
            ]) { $1 }
            environment.merge(settings) { $1 }
            // The shell says its number, which is the service's from then on.
            let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
                .deletingLastPathComponent().appendingPathComponent("Orders").path
            var command = Command("/bin/sh", ["-c", "echo $$; exec \"$0\"", program])
            command.environment = environment
            var number: pid_t?
            var (end, complaints) = (CommandStatus.unknown, [String]())
            for try await piece in try command.lines(checked: false) {
                switch piece {
                case .output(let line) where number == nil: number = pid_t(line)
                case .output(let line):
                    let urls = line.split(separator: " ").map(String.init)
                    try #require(urls.count == 2, "\(line)")
                    try await body(urls[0], urls[1], demo)
                    kill(try #require(number), SIGTERM)
                case .error(let line): complaints.append(line)
                case .ended(let status): end = status
                }
            }
            return (end, complaints)
        }
    }

    /// One attempt: what the service says is what is tested.
    private func ask(
        _ url: String, _ path: String, post body: String? = nil
    ) async throws -> (status: Int, text: String) {
        let call = HTTPCall(
            method: body == nil ? "GET" : "POST", url: url + path,
            headers: body == nil ? [] : [("Content-Type", "application/json")], body: body.map { Array($0.utf8) })
        let reply = try await AsyncHTTPClientTransport().send(call)
        return (reply.status, String(buffer: reply.body))
    }

    @Test(.timeLimit(.minutes(5))) func `orders are taken, found and exported, and the end is graceful`() async throws {
        let (end, complaints) = try await serving(.calm) { url, metrics, demo in
            await self.ready(url)
            let made = try await self.ask(url, "/orders", post: #"{"customer": 7, "item": "tea"}"#)
            #expect(made.status == 201, "\(made.text)")
            let order = #"{"customer":7,"id":1,"item":"tea","name":"User 7"}"#
            #expect(try await self.object(self.ask(url, "/orders/1").text) == self.object(order))
            #expect(try await self.object(self.ask(url, "/export").text) == self.object(order))
            let missing = try await self.ask(url, "/orders/2")
            #expect(missing.status == 404)
            #expect(missing.text.contains("There is no order 2."))
            #expect(try await self.ask(url, "/orders", post: "no order").status == 400)
            let page = try await self.ask(metrics, "")
            #expect(page.text.contains(#"result="miss"} 1"#), "\(page.text)")
            #expect(demo.hits["GET /users/7"] == 1)
        }
        #expect(end == .exited(0), "\(complaints)")
    }

    @Test(.timeLimit(.minutes(5)))
    func `a customers' service that misbehaves: every order is taken once, at first or when it is asked again`()
        async throws
    {
        var customers = DemoServerConfiguration.misbehaving
        customers.quota = nil
        let (end, complaints) = try await serving(customers) { url, _, demo in
            await self.ready(url)
            try await (0..<60).forEachConcurrently(limit: 12) { number in
                // On a machine that is busy enough attempts take too long and the circuit opens; then it is said so.
                while true {
                    let order = "{\"customer\": \(number % 20), \"item\": \"tea\"}"
                    let status = try await self.ask(url, "/orders", post: order).status
                    guard [502, 503, 504].contains(status) else { return #expect(status == 201) }
                    await Task.yield()
                }
            }
            #expect(try await self.ask(url, "/export").text.split(separator: "\n").count == 60)
        }
        #expect(end == .exited(0), "\(complaints)")
    }

    @Test(.timeLimit(.minutes(5))) func `more than it can bear: what is refused is told so, and nothing else happens`()
        async throws
    {
        // One connection, 100 ms a statement: two are served at a time, 64 wait for 200 ms at most.
        let slow = ["ORDERS_CONNECTIONS": "1", "ORDERS_DELAY_MS": "100"]
        let (end, complaints) = try await serving(.calm, slow) { url, _, _ in
            await self.ready(url)
            let statuses = try await (0..<100).mapConcurrently(limit: 100) { _ in
                try await self.ask(url, "/orders/1").status
            }
            #expect(Set(statuses) == [404, 503], "\(statuses)")
            #expect(try await self.ask(url, "/health/live").status == 200)
        }
        #expect(end == .exited(0), "\(complaints)")
    }

    @Test(.timeLimit(.minutes(5))) func `a customers' service that is gone is said to be gone, in time`() async throws {
        let gone = ["ORDERS_CUSTOMERS": "http://127.0.0.1:1"]
        let (end, complaints) = try await serving(.calm, gone) { url, _, _ in
            await self.ready(url)
            let answer = try await self.ask(url, "/orders", post: #"{"customer": 7, "item": "tea"}"#)
            #expect([502, 503, 504].contains(answer.status), "\(answer)")
            #expect(answer.text.contains("\"status\":\(answer.status)"))
        }
        #expect(end == .exited(0), "\(complaints)")
    }

    /// Warmed up: the table is there.
    private func ready(_ url: String) async {
        while (try? await ask(url, "/health/ready").status) != 200, !Task.isCancelled { await Task.yield() }
    }

    private func object(_ text: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }
}
#endif
