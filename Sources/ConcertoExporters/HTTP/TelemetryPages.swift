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

    /// Small things of which a page may be long.
    static let longestDump = 8 << 20

    /// Whether the page of a path takes so long that the loop must not wait for it.
    func isSlow(_ path: String) -> Bool { path == "/debug/concerto/tasks" }

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
            let dump = TaskDump.capture()
            let text = wantsJSON ? dump.jsonLines() : dump.text
            return Page(
                contentType: wantsJSON ? "application/x-ndjson" : "text/plain; charset=utf-8",
                body: Array(text.utf8.prefix(Self.longestDump)), headers: [("Cache-Control", "no-store")])
        default: return Page(status: 404, body: Array("no such page\n".utf8))
        }
    }
}
#endif
