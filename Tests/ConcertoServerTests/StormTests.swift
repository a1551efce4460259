#if Server
import Concerto
import ConcertoServer
import Foundation
import Hummingbird
import NIOCore
import TestSupport
import Testing

@Suite struct StormTests {
    /// How a client of the storm behaves.
    private enum Plan: CaseIterable {
        case waits, closes, resets, endsSending, sendsHalfAHead, sendsHalfABody, resetsInHalfABody, neverAsks
    }

    /// How many clients come; `CONCERTO_STORM=20000` for the whole storm, alone in its process.
    private static let clients = ProcessInfo.processInfo.environment["CONCERTO_STORM"].flatMap { Int($0) }

    private func descriptors() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    @Test(.timeLimit(.minutes(10)))
    func `11: after a storm of hang-ups all that began has ended, and no permit, connection or descriptor is missing`()
        async throws
    {
        var random = seededRandom()
        let router = TestRouter()
        let kit = ServerKit {
            $0.admission = .concurrency(20, queue: 20, order: .newestFirst)
            $0.connections.limits.maximumConnections = 2_000
            $0.route("/short") { $0.priority = .critical }
        }
        router.add(middleware: kit.middleware())
        router.get("short") { _, _ in
            try await Task.sleep(for: .milliseconds(2))
            return "short"
        }
        router.post("body") { request, _ in
            let body = try await request.body.collect(upTo: 1_000)
            return "read \(body.readableBytes)"
        }
        let plans = (0..<(Self.clients ?? 500)).map { _ in
            (
                Plan.allCases.randomElement(using: &random) ?? .waits, Int.random(in: 1...3, using: &random),
                Int.random(in: 0...3, using: &random)
            )
        }
        // What runs beside it opens descriptors too.
        let before = descriptors()
        try await serving(kit, .http1, router) { port in
            try await RawClient.with(port: port) { talk in
                try await talk.send("GET /short HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                _ = await talk.readToEnd()
            }
            await until { kit.statistics.connections == 0 }
            let during = descriptors()
            _ = try await plans.mapConcurrently(limit: 200) { plan, requests, turns in
                try? await client(port, plan, requests, turns)
            }
            await until { kit.statistics.connections == 0 && kit.peerCount == 0 }
            await until { kit.statistics.started == kit.statistics.completed + kit.statistics.cancelled }
            await until { kit.admitted == 0 && kit.waiting == 0 }
            if Self.clients != nil { await until { descriptors() <= during } }
            // It serves as if nothing had been.
            let answer = try await RawClient.with(port: port) { talk in
                try await talk.send("GET /short HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return await talk.readToEnd()
            }
            #expect(answer.hasSuffix("short"))
        }
        let end = kit.statistics
        #expect(end.started > 0 && end.completed > 0 && end.cancelled > 0, "\(end)")
        #expect(end.active == 0)
        if Self.clients != nil {
            print(
                "storm: \(plans.count) clients, \(end.started) requests, \(end.completed) completed, "
                    + "\(end.cancelled) cancelled, \(end.shed) shed; descriptors \(before) before, \(descriptors()) after"
            )
        }
    }

    private func client(_ port: Int, _ plan: Plan, _ requests: Int, _ turns: Int) async throws {
        try await RawClient.with(port: port) { talk in
            let get = String(repeating: "GET /short HTTP/1.1\r\nHost: a\r\n\r\n", count: requests)
            let halfABody = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"
            switch plan {
            case .neverAsks: break
            case .sendsHalfAHead: try await talk.send("GET /short HT")
            case .sendsHalfABody, .resetsInHalfABody: try await talk.send(halfABody)
            case .waits, .closes, .resets, .endsSending: try await talk.send(get)
            }
            // At different moments of what the server does meanwhile.
            for _ in 0..<turns { try await Task.sleep(for: .milliseconds(1)) }
            switch plan {
            case .waits: _ = try await talk.read(until: "HTTP/1.1")
            case .resets, .resetsInHalfABody: try await talk.reset()
            case .endsSending:
                talk.finish()
                _ = await talk.readToEnd()
            default: await talk.close()
            }
        }
    }
}
#endif
