#if Exporters
import ConcertoDiagnostics
import Foundation
import NIOCore
import NIOHTTP1

/// Answers the requests of one connection.
final class TelemetryHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: TelemetryPages
    private let rule: AccessRule
    private var head: HTTPRequestHead?
    private var reader: DashboardReader?

    init(pages: TelemetryPages, rule: AccessRule) {
        self.pages = pages
        self.rule = rule
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let host = head.headers.first(name: "host")
        if let status = rule.refusal(host: host, authorization: head.headers.first(name: "authorization")) {
            let reason =
                status == 401
                ? "a token is needed: as a bearer's, or as the password of any name"
                : "ask for this machine by its own name: 127.0.0.1, [::1] or localhost, and the port"
            var page = TelemetryPages.Page(status: status, body: Array("\(reason)\n".utf8))
            if status == 401 {
                page.headers = [("WWW-Authenticate", "Bearer"), ("WWW-Authenticate", "Basic realm=\"concerto\"")]
            }
            return write(page, to: head, context)
        }
        guard head.method == .GET || head.method == .HEAD else {
            return write(.init(status: 405, headers: [("Allow", "GET, HEAD")]), to: head, context)
        }
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        if head.headers.first(name: "sec-fetch-site") == "cross-site", !pages.isForLinks(path) {
            let reason = "pages of other origins may not ask for this\n"
            return write(.init(status: 403, body: Array(reason.utf8)), to: head, context)
        }
        if path == TelemetryPages.events, let feed = pages.feed {
            // A browser that comes back by itself says what it has read last; a page that opens a new stream asks for it.
            let asked = parts.count > 1 && parts[1].hasPrefix("after=") ? String(parts[1].dropFirst(6)) : nil
            let last = head.headers.first(name: "last-event-id") ?? asked
            return stream(feed, after: last.flatMap { .init($0) }, to: head, context)
        }
        let accept = head.headers["accept"].joined(separator: ",")
        guard pages.isSlow(path) else {
            return write(pages.page(path, accept: accept.isEmpty ? nil : accept), to: head, context)
        }
        // On a thread of its own: not on the loop, which serves others, nor on the pool, which may stand still.
        let promise = context.eventLoop.makePromise(of: TelemetryPages.Page.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { page in
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.write(page, to: head, context)
        }
        let pages = pages
        Thread.detachNewThread { promise.succeed(SlowPages.oneAtATime { pages.page(path, accept: accept) }) }
    }

    /// Samples as they are taken, until somebody hangs up.
    private func stream(
        _ feed: DashboardFeed, after position: DashboardHistory.Position?, to head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        let headers: HTTPHeaders = [
            "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        ]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        guard head.method == .GET else { return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
        context.writeAndFlush(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: DashboardHistory.greeting)))), promise: nil)
        let reader = DashboardReader(context, feed.history, after: position)
        self.reader = reader
        feed.add(reader)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        reader?.pump()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let reader { pages.feed?.remove(reader) }
        reader = nil
        context.fireChannelInactive()
    }

    private func write(_ page: TelemetryPages.Page, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(page.headers)
        headers.add(name: "Content-Type", value: page.contentType)
        headers.add(name: "X-Content-Type-Options", value: "nosniff")
        headers.add(name: "Cross-Origin-Resource-Policy", value: "same-origin")
        var body = ByteBuffer(bytes: page.body)
        let encodings = head.headers["accept-encoding"].joined(separator: ",")
        if page.body.count > 1_024 {
            headers.add(name: "Vary", value: "Accept-Encoding")
            if PrometheusFormat.allowsGzip(encodings), let small = try? Gzip.compressed(page.body) {
                body = small
                headers.add(name: "Content-Encoding", value: "gzip")
            }
        }
        headers.add(name: "Content-Length", value: String(body.readableBytes))
        let closes = !head.isKeepAlive
        if closes { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: page.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD, body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if closes { bound.value.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nobody has asked or read for a minute.
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// One dump at a time: each reads the whole memory.
private enum SlowPages {
    private static let lock = NSLock()

    static func oneAtATime<Result>(_ body: () -> Result) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return body()
    }
}
#endif
