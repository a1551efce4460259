#if Exporters
import AsyncHTTPClient
import ConcertoObservability
import Foundation
import NIOCore
import Testing

@testable import ConcertoExporters

/// A real server of Prometheus reads our pages.
@Suite(.enabled(if: Judge.isThere, "make test-tools runs these"), .timeLimit(.minutes(5)))
struct ScrapeTests {
    @Test func `a server of Prometheus scrapes a page, and a label full of quotes comes back as it was`() async throws {
        let registry = try JudgeTests.registry()
        var options = TelemetryServer.Options()
        options.port = 0
        let ours = try await TelemetryServer.start(options, registry: registry, resource: ["service.name": "shop"])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("scrape-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = """
            global: {scrape_interval: 1s}
            scrape_configs:
              - job_name: shop
                static_configs: [{targets: ['127.0.0.1:\(ours.port)']}]
            """
        let file = folder.appendingPathComponent("prometheus.yml")
        try Data(configuration.utf8).write(to: file)
        let log = folder.appendingPathComponent("log")
        try Data().write(to: log)

        let port = try Self.freePort()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Judge.prometheus)
        process.arguments = [
            "--config.file=\(file.path)", "--storage.tsdb.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)",
        ]
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        let (scrapes, scraped) = AsyncStream.makeStream(of: Void.self)
        let counting = Meter(scope: "scrapes", registry: registry).observe("scrapes", as: .gauge) { _ in scraped.yield()
        }
        process.terminationHandler = { _ in scraped.finish() }
        try process.run()
        // SIGTERM may be blocked in it, as on the thread that starts it.
        defer { kill(process.processIdentifier, SIGKILL) }

        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let query = #"quotes_total{p=~"(?s)C:.*"}"#
        let text = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        // When it comes a second time, what it got the first time has been taken in.
        var times = 0
        for await _ in scrapes {
            times += 1
            if times == 2 { break }
        }
        withExtendedLifetime(counting) {}
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/query?query=\(text)")
        let answer = String(
            buffer: try await client.execute(request, timeout: .seconds(10)).body.collect(upTo: 1 << 20))
        struct Reply: Decodable {
            struct Body: Decodable { var result: [Series] }
            struct Series: Decodable { var metric: [String: String] }
            var data: Body
        }
        let reply = try JSONDecoder().decode(Reply.self, from: Data(answer.utf8))
        #expect(reply.data.result.first?.metric["p"] == "C:\\x \"hi\"\nz\r\u{0}🎼")

        let targets = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/targets")
        let state = String(buffer: try await client.execute(targets, timeout: .seconds(10)).body.collect(upTo: 1 << 20))
        #expect(state.contains(#""health":"up""#))
        #expect(state.contains(#""lastError":"""#))
        try await client.shutdown()
        await ours.shutdown()
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        try #require(bound)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
#endif
