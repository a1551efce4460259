#if Exporters
import ConcertoDiagnostics
import NIOCore

/// What a server of this process has to show.
struct TelemetryPages: Sendable {
    /// A page.
    struct Page: Sendable {
        var status = 200
        var contentType = "text/plain; charset=utf-8"
        var body: [UInt8] = []
        var headers: [(String, String)] = []
    }

    var registry: MetricRegistry
    var resource: Attributes
    var feed: DashboardFeed?
    /// Gives the slow ones.
    let looks: TelemetryLooks
    private let look = DashboardLook()

    init(registry: MetricRegistry, resource: Attributes, feed: DashboardFeed?, looks: TelemetryLooks) {
        (self.registry, self.resource, self.feed, self.looks) = (registry, resource, feed, looks)
    }

    /// The stream of samples, which is no page.
    static let events = "/debug/concerto/events"

    /// Small things of which a page may be long.
    static let longestDump = 8 << 20

    /// Whether the page of a path takes so long that the loop must not wait for it.
    func isSlow(_ path: String) -> Bool {
        ["/debug/concerto/tasks", "/debug/concerto/findings", "/debug/concerto/report"].contains(path)
    }

    /// Whether a page of another origin may make a browser ask for it, which cannot read the answer: only what a link leads
    /// to, and what costs nothing.
    func isForLinks(_ path: String) -> Bool { path == "/dashboard" || path == "/" }

    /// The page of a path; 404 if there is none.
    func page(_ path: String, accept: String?) -> Page {
        switch path {
        case "/metrics":
            let format = PrometheusFormat.negotiated(accept)
            return Page(
                contentType: format.contentType,
                body: PrometheusPage.write(registry, resource: resource, as: format))
        case "/debug/concerto/tasks":
            let wantsJSON = accept?.contains("application/json") == true || accept?.contains("ndjson") == true
            guard let text = try? look.tasks(inLinesOfJSON: wantsJSON) else { return Self.busy }
            return Page(
                contentType: wantsJSON ? "application/x-ndjson" : "text/plain; charset=utf-8",
                body: Array(text.utf8.prefix(Self.longestDump)), headers: [("Cache-Control", "no-store")])
        case "/dashboard", "/": return feed.map { dashboard($0, path) } ?? Self.missing
        case "/debug/concerto/stats":
            guard let sample = feed?.history.latest else {
                return Page(status: 404, body: Array("no sample yet: look at /dashboard\n".utf8))
            }
            return Self.json(sample.json)
        case "/debug/concerto/findings", "/debug/concerto/report":
            do throws(DashboardLook.Busy) {
                return Self.json(try path.hasSuffix("report") ? look.report() : look.findings())
            } catch {
                return Self.busy
            }
        default: return Self.missing
        }
    }

    /// Somebody else looks.
    static let busy = Page(
        status: 503, body: Array("\(DashboardLook.Busy().sentence)\n".utf8), headers: [("Retry-After", "1")])

    private static let missing = Page(status: 404, body: Array("no such page\n".utf8))

    private static func json(_ text: String) -> Page {
        Page(contentType: "application/json", body: Array(text.utf8), headers: [("Cache-Control", "no-store")])
    }

    /// Called on the feed's loop.
    private func dashboard(_ feed: DashboardFeed, _ path: String) -> Page {
        guard path == "/dashboard" else { return Page(status: 303, headers: [("Location", "/dashboard")]) }
        feed.begin()
        let page = DashboardPage.render(title: feed.title, sample: feed.history.latest)
        return Page(contentType: "text/html; charset=utf-8", body: page.body, headers: page.headers)
    }
}
#endif
