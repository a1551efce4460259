#if CLI
import Concerto
import ConcertoHTTP
import ConcertoResilience
import DemoServer
import Foundation
import TestSupport
import Testing

/// What `docs/resilience/measured.md` shows: real calls to the demo server, in real time. `CONCERTO_MEASURE=1` runs it; it
/// prints its tables and holds counts alone, because times depend on the machine.
@Suite(.oneAtATime, .enabled(if: ProcessInfo.processInfo.environment["CONCERTO_MEASURE"] != nil))
struct MeasuredOnDemoServerTests {
    /// What a caller saw of one call.
    private struct Ending {
        var time: Duration
        var isGood: Bool
    }

    /// Makes a call every `1 / rate` seconds, whether or not those before have ended.
    private func load(
        _ count: Int, perSecond rate: Double, _ body: @escaping @Sendable (Int) async throws -> Bool
    ) async -> [Ending] {
        let start = ContinuousClock.now
        return await withTaskGroup(of: Ending.self) { group in
            for number in 0..<count {
                try? await Task.sleep(until: start + .seconds(Double(number) / rate), clock: .continuous)
                group.addTask {
                    let begun = ContinuousClock.now
                    let isGood = (try? await body(number)) ?? false
                    return Ending(time: ContinuousClock.now - begun, isGood: isGood)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func milliseconds(_ duration: Duration) -> Int { Int((duration / .milliseconds(1)).rounded()) }

    @Test func `the tail with and without a second attempt`() async throws {
        let calls = 6_000
        print("| | median | 95 % | 99 % | 99.9 % | calls that the server got |\n|---|---|---|---|---|---|")
        for (name, hedge) in [
            ("without", nil), ("hedged at the 95th percentile", .percentile(0.95, initial: .seconds(1))),
        ] as [(String, HedgingOptions.Delay?)] {
            var configuration = DemoServerConfiguration.calm
            configuration.slow = 0.03
            configuration.slowness = .milliseconds(400)
            let transport = AsyncHTTPClientTransport()
            let (endings, hits) = try await DemoServer.run(configuration) { server in
                var options = ResilientHTTPClientOptions()
                options.hedge = hedge
                let client = try ResilientHTTPClient(transport: transport, options: options)
                let endings = await load(calls, perSecond: 150) { number in
                    let call = HTTPCall(url: "\(server.url)/users/\(number)", host: "127.0.0.1:\(server.port)")
                    return try await client.execute(call).status == 200
                }
                return (endings, server.hits.values.reduce(0, +))
            }
            try await transport.shutdown()
            let times = endings.map(\.time).sorted()
            let cells = [0.5, 0.95, 0.99, 0.999].map { "\(milliseconds(times[Int(Double(calls - 1) * $0)])) ms" }
            let share = Double(hits * 1_000 / calls) / 10
            print("| \(name) | \(cells.joined(separator: " | ")) | \(share) % |")
            #expect(endings.filter { $0.isGood }.count == calls)
            #expect(hits >= calls && Double(hits) <= 1.06 * Double(calls))
        }
    }

    @Test func `the goodput at three times the capacity`() async throws {
        // Four workers at 50 ms a call: 80 calls a second.
        let (rate, seconds) = (240, 30)
        print("| | good calls a second | median of the good |\n|---|---|---|")
        for (name, pipeline) in [
            ("no limit", ResiliencePipeline {}),
            ("static limit of 100", ResiliencePipeline { ConcurrencyLimiter(permits: 100, queueLimit: 0) }),
            ("static limit of 4", ResiliencePipeline { ConcurrencyLimiter(permits: 4, queueLimit: 0) }),
            ("adaptive, gradient", ResiliencePipeline { AdaptiveLimiter(queueLimit: 0) }),
        ] {
            var configuration = DemoServerConfiguration.calm
            configuration.workers = 4
            let transport = AsyncHTTPClientTransport()
            let endings = try await DemoServer.run(configuration) { server in
                let patience = Timeout(.seconds(1))
                return await load(rate * seconds, perSecond: Double(rate)) { number in
                    try await pipeline.execute {
                        try await patience.execute {
                            let call = HTTPCall(url: "\(server.url)/users/\(number)", host: "127.0.0.1:\(server.port)")
                            return try await transport.send(call).status == 200
                        }
                    }
                }
            }
            try await transport.shutdown()
            let good = endings.filter { $0.isGood && $0.time <= .milliseconds(500) }.map(\.time).sorted()
            let median = good.isEmpty ? "–" : "\(milliseconds(good[good.count / 2])) ms"
            print("| \(name) | \(good.count / seconds) | \(median) |")
            #expect(endings.count == rate * seconds)
        }
    }
}
#endif
