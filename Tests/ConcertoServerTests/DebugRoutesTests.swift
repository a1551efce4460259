#if Server && os(Linux)
import ConcertoServer
import Foundation
import Hummingbird
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct DebugRoutesTests {
    private static let token = "0123456789abcdef"
    private static let bearer = ["Authorization": "Bearer \(token)"]

    private func withService(_ body: @Sendable (Int) async throws -> Void) async throws {
        let router = TestRouter()
        let kit = ServerKit()
        router.add(middleware: kit.middleware())
        try DebugRoutes(token: Self.token, title: "shop").add(to: router)
        try await serving(kit, .http1, router, body)
    }

    @Test func `nobody sees the dashboard of a service without its token`() async throws {
        #expect { try DebugRoutes(token: "short") } throws: { "\($0)".contains("16 bytes") }
        try await withService { port in
            for path in ["dashboard", "debug/concerto/events", "debug/concerto/stats", "debug/concerto/findings"] {
                for shown in [[:], ["Authorization": "Bearer 0123456789abcdeg"], ["Authorization": "Bearer"]] {
                    let answer = try await WebVisitor.get(port, "/" + path, shown)
                    #expect(answer.status == 401, "\(path) \(shown)")
                    #expect(answer.headers["www-authenticate"] == "Basic realm=\"concerto\"")
                    #expect(answer.body == "a token is needed: as a bearer's, or as the password of any name\n")
                }
            }
            let password = ["Authorization": "Basic " + Data("me:\(Self.token)".utf8).base64EncodedString()]
            let page = try await WebVisitor.get(port, "/dashboard", password)
            #expect(page.status == 200 && page.body.contains("<title>shop</title>"))
            #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        }
    }

    @Test func `a browser that knows the token shows it for no page of another origin`() async throws {
        try await withService { port in
            for (site, status) in [("same-site", 403), ("cross-site", 403), ("same-origin", 200), ("none", 200)] {
                let shown = Self.bearer.merging(["Sec-Fetch-Site": site]) { $1 }
                // There is a sample to be shown from the first look on, a little later: the page comes at once.
                let page = try await WebVisitor.get(port, "/dashboard", shown)
                #expect(page.status == 200, "a link may lead here")
                #expect(page.headers["cross-origin-resource-policy"] == "same-origin")
                let visitor = try WebVisitor(port: port)
                visitor.ask("/debug/concerto/events", host: "shop.example", shown)
                let head = try #require(await visitor.next("\r\n\r\n")).lowercased()
                #expect(head.hasPrefix("http/1.1 \(status)"), "\(site)")
                #expect(head.contains("cross-origin-resource-policy: same-origin"))
                for path in ["findings", "report", "stats"] where status == 403 {
                    let answer = try await WebVisitor.get(port, "/debug/concerto/" + path, shown)
                    #expect(answer.status == 403 && answer.body.contains("other origins"), "\(path)")
                }
            }
        }
    }

    @Test func `a stream goes on where its reader was, and ends with the server`() async throws {
        let (kit, router) = (ServerKit(), TestRouter())
        router.add(middleware: kit.middleware())
        try DebugRoutes(token: Self.token).add(to: router)
        try await running(kit, router) { port, end in
            let again: WebVisitor
            do {
                let first = try WebVisitor(port: port)
                first.ask("/debug/concerto/events", host: "shop.example", Self.bearer)
                let seen = [try #require(await first.event()).id, try #require(await first.event()).id]
                again = try WebVisitor(port: port)
                again.ask("/debug/concerto/events?after=\(seen[0])", host: "shop.example", Self.bearer)
                #expect(await again.event()?.id == seen[1])
                let stats = try await WebVisitor.get(port, "/debug/concerto/stats", Self.bearer)
                #expect(stats.body.hasPrefix("{\"seq\":"))
            }
            await end()
            var last: String?
            while let event = await again.event() { last = event.name }
            #expect(last == "end")
        }
    }

    @Test func `the tasks are looked at on a thread of their own, by one at a time`() async throws {
        try await withService { port in
            async let one = WebVisitor.get(port, "/debug/concerto/findings", Self.bearer)
            async let two = WebVisitor.get(port, "/debug/concerto/report", Self.bearer)
            let answers = [try await one, try await two]
            #expect(answers.map(\.status).sorted() == [200, 503])
        }
    }
}
#endif
