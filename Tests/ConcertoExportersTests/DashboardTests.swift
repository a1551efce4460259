#if Exporters && os(Linux)
import ConcertoDiagnostics
import ConcertoExporters
import Foundation
import TestSupport
import Testing

/// The case D31 as far as it goes without a browser, D19, D20, D22 and D30 for the page; Tests/Judges/dashboard.py is the
/// rest of it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct DashboardTests {
    private func withServer(
        _ change: (inout TelemetryServer.Options) -> Void = { _ in }, _ body: (Int) async throws -> Void
    ) async throws {
        var options = TelemetryServer.Options()
        options.port = 0
        change(&options)
        let server = try await TelemetryServer.start(options, registry: quietRegistry())
        do { try await body(server.port) } catch { Issue.record(error) }
        await server.shutdown()
    }

    private func sequence(_ id: String) -> Int { id.split(separator: "-").last.flatMap { Int($0) } ?? -1 }

    @Test func `the page asks nobody else for anything, and runs nothing but its own script`() async throws {
        try await withServer {
            $0.title = "shop <1> & \"co\""
        } _: { port in
            let first = try await WebVisitor.get(port, "/dashboard")
            #expect(first.status == 200)
            #expect(first.headers["content-type"] == "text/html; charset=utf-8")
            #expect(first.headers["cache-control"] == "no-store")
            #expect(first.headers["x-content-type-options"] == "nosniff")
            #expect(first.headers["referrer-policy"] == "no-referrer")
            let policy = try #require(first.headers["content-security-policy"])
            let nonce = try #require(policy.firstMatch(of: /script-src 'nonce-([0-9a-f]{32})'/)?.1)
            #expect(policy.hasPrefix("default-src 'none'; "))
            #expect(policy.contains("style-src 'nonce-\(nonce)'") && policy.contains("connect-src 'self'"))
            #expect(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"))
            #expect(
                first.body.contains("<script nonce=\"\(nonce)\">") && first.body.contains("<style nonce=\"\(nonce)\">"))
            #expect(first.body.contains("<h1 id=\"title\">shop &lt;1&gt; &amp; &quot;co&quot;</h1>"))
            #expect(!first.body.contains("{{"))
            let addresses = first.body.matches(of: /https?:\/\/[^"]*/).map { String($0.0) }
            #expect(addresses == ["http://www.w3.org/2000/svg"], "a name of a namespace, which nobody asks")
            #expect(first.body.utf8.count < 60_000)
            let second = try await WebVisitor.get(port, "/dashboard")
            #expect(second.headers["content-security-policy"]?.contains(nonce) == false, "each page has its own")
            #expect(try await WebVisitor.get(port, "/").headers["location"] == "/dashboard")
        }
    }

    @Test func `D19: the page and its streams answer to this machine's own names only, and say so`() async throws {
        try await withServer { port in
            for path in ["/dashboard", "/debug/concerto/events", "/debug/concerto/stats", "/debug/concerto/findings"] {
                for host in ["evil.test", "evil.test:\(port)", "127.0.0.1"] {
                    let answer = try await WebVisitor.get(port, path, host: host)
                    #expect(answer.status == 403, "\(path) \(host)")
                    #expect(answer.body.contains("ask for this machine by its own name: 127.0.0.1"))
                }
            }
            let foreign = ["Sec-Fetch-Site": "cross-site"]
            #expect(try await WebVisitor.get(port, "/dashboard", foreign).status == 200, "a link may lead here")
            for path in ["/debug/concerto/events", "/debug/concerto/findings", "/metrics"] {
                let answer = try await WebVisitor.get(port, path, foreign)
                #expect(answer.status == 403 && answer.body.contains("other origins"), "\(path)")
            }
        }
    }

    @Test func `D20: with a token the page is for who shows it, as a password too`() async throws {
        try await withServer {
            $0.token = "0123456789abcdef"
        } _: { port in
            let none = try await WebVisitor.get(port, "/dashboard")
            #expect(none.status == 401 && none.headers["www-authenticate"] == "Basic realm=\"concerto\"")
            #expect(none.body.contains("a token is needed"))
            for (pair, status) in [
                ("any:0123456789abcdef", 200), (":0123456789abcdef", 200), ("any:0123456789abcdeg", 401),
                ("0123456789abcdef:", 401), ("0123456789abcdef", 401),
            ] {
                let shown = "Basic " + Data(pair.utf8).base64EncodedString()
                // By any name: whoever has the token is no page of another origin.
                let answer = try await WebVisitor.get(
                    port, "/dashboard", host: "box.example", ["Authorization": shown])
                #expect(answer.status == status, "\(pair)")
            }
        }
    }

    @Test func `D31: who comes back gets what it has not read, and nothing twice`() async throws {
        try await withServer {
            $0.dashboard = .fromStart
        } _: { port in
            let host = "127.0.0.1:\(port)"
            var seen: [String] = []
            do {
                let visitor = try WebVisitor(port: port)
                visitor.ask("/debug/concerto/events", host: host)
                let head = await visitor.next("\r\n\r\n")
                #expect(head?.lowercased().contains("content-type: text/event-stream") == true)
                #expect(head?.lowercased().contains("cache-control: no-store") == true)
                #expect(await visitor.next("\n\n")?.contains("retry: 2000") == true)
                for _ in 0..<2 { seen.append(try #require(await visitor.event()).id) }
            }
            // As a browser comes back by itself, and as a page opens a stream again; the browser knows better.
            for (path, headers) in [
                ("/debug/concerto/events", ["Last-Event-ID": seen[1]]),
                ("/debug/concerto/events?after=\(seen[1])", [:]),
                ("/debug/concerto/events?after=\(seen[0])", ["Last-Event-ID": seen[1]]),
            ] {
                let visitor = try WebVisitor(port: port)
                visitor.ask(path, host: host, headers)
                let next = try #require(await visitor.event())
                #expect(sequence(next.id) == sequence(seen[1]) + 1, "\(path)")
                #expect(next.name == "sample")
                let sample = try JSONDecoder().decode(DiagnosticsSample.self, from: Data(next.data.utf8))
                #expect(sample.sequence == sequence(next.id))
            }
            // Of another process, or nobody's: from the beginning.
            for id in ["abc-7", "nonsense", "\(seen[1])-1", "-1", "\(String(repeating: "9", count: 40))-1"] {
                let visitor = try WebVisitor(port: port)
                visitor.ask("/debug/concerto/events", host: host, ["Last-Event-ID": id])
                #expect(await visitor.event()?.id == seen[0], "\(id)")
            }
        }
    }

    @Test func `D22: a stream that nobody reads is closed, and the others go on`() async throws {
        let rows = (0..<250).map { DiagnosticsRow(.host, "host \($0)", state: String(repeating: "x", count: 4_000)) }
        let shown = Diagnostics.show { rows }
        defer { shown.remove() }
        try await withServer {
            $0.patience = .seconds(2)
        } _: { port in
            let silent = try WebVisitor(port: port, room: 4_096)
            silent.ask("/debug/concerto/events", host: "127.0.0.1:\(port)")
            await silent.hangUp()
            let reader = try WebVisitor(port: port)
            reader.ask("/debug/concerto/events", host: "127.0.0.1:\(port)")
            // Nothing was dropped but the reader: the samples of its time are there.
            let first = try #require(await reader.event())
            let next = try #require(await reader.event())
            #expect(sequence(first.id) == 1 && sequence(next.id) == 2)
        }
    }

    @Test func `the last numbers come before the end, and the end is said`() async throws {
        var options = TelemetryServer.Options()
        options.port = 0
        let server = try await TelemetryServer.start(options, registry: quietRegistry())
        let visitor = try WebVisitor(port: server.port)
        visitor.ask("/debug/concerto/events", host: "127.0.0.1:\(server.port)")
        let first = try #require(await visitor.event())
        let shown = Diagnostics.show { [DiagnosticsRow(.work, "the very last")] }
        async let end: Void = server.shutdown()
        var events: [(id: String, name: String, data: String)] = []
        while let event = await visitor.event() { events.append(event) }
        await end
        shown.remove()
        #expect(events.last?.name == "end")
        #expect(events.dropLast().last?.data.contains("the very last") == true)
        #expect(Set((events.dropLast() + [first]).map(\.id)).count == events.count)
    }

    @Test func `D30: secrets of URLs are in no stream and on no page`() async throws {
        let shown = Diagnostics.show {
            [
                DiagnosticsRow(.host, "https://anna:hush-1@api.example/v1?api_key=hush-2&city=Bonn"),
                DiagnosticsRow(.work, "job", state: "GET http://h/?token=hush-3, \"http://h/?sig=hush-4\" failed"),
            ]
        }
        defer { shown.remove() }
        try await withServer {
            $0.dashboard = .fromStart
        } _: { port in
            let visitor = try WebVisitor(port: port)
            visitor.ask("/debug/concerto/events", host: "127.0.0.1:\(port)")
            var texts = [try #require(await visitor.event()).data]
            for path in ["/dashboard", "/debug/concerto/stats"] {
                texts.append(try await WebVisitor.get(port, path).body)
            }
            for text in texts {
                #expect(!text.contains("hush"), "\(text.suffix(2_000))")
                #expect(text.contains("REDACTED") && text.contains("city=Bonn"))
            }
        }
    }

    @Test func `findings and the dump come on demand, one look at a time`() async throws {
        try await withServer { port in
            async let one = WebVisitor.get(port, "/debug/concerto/findings")
            async let two = WebVisitor.get(port, "/debug/concerto/findings")
            let answers = [try await one, try await two]
            #expect(answers.map(\.status).sorted() == [200, 503])
            let found = try #require(answers.first { $0.status == 200 })
            let object = try JSONSerialization.jsonObject(with: Data(found.body.utf8)) as? [String: any Sendable]
            #expect(object?["findings"] is [any Sendable])
            #expect((object?["dump"] as? String)?.contains("tasks") == true)
            let busy = try #require(answers.first { $0.status == 503 })
            #expect(busy.headers["retry-after"] == "1" && busy.body.contains("ask again"))
        }
    }

    @Test func `nothing is measured before somebody looks, and nothing is shown where it is switched off`() async throws
    {
        try await withServer { port in
            #expect(try await WebVisitor.get(port, "/debug/concerto/stats").status == 404)
            _ = try await WebVisitor.get(port, "/dashboard")
            #expect(try await WebVisitor.get(port, "/debug/concerto/stats").status == 200)
        }
        try await withServer {
            $0.dashboard = .off
        } _: { port in
            for path in ["/dashboard", "/", "/debug/concerto/stats", "/debug/concerto/events"] {
                let answer = try await WebVisitor.get(port, path)
                #expect(answer.status == 404, "\(path)")
            }
        }
    }
}
#endif
