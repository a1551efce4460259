#if Exporters
import ConcertoDiagnostics
import Foundation
import NIOCore
import NIOHTTP1

/// Answers the requests of one connection.
final class TelemetryHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a connection may take.
    struct Times: Sendable {
        /// For a request, from the moment at which it could come.
        var request: TimeAmount
        /// For reading what was asked for, before what was asked for next is answered.
        var patience: TimeAmount

        /// How long an answer may take to be read: a slow connection needs longer for a long one.
        func answer(bytes: Int) -> TimeAmount { request + .seconds(Int64(bytes >> 16)) }
    }

    private let pages: TelemetryPages
    private let rule: AccessRule
    private let times: Times
    private var head: HTTPRequestHead?
    private var reader: DashboardReader?
    /// The request that is answered next.
    private var due: HTTPRequestHead?
    /// Answers so far, with the one under way.
    private var answers = 0
    /// Nothing is answered any more.
    private var isEnding = false
    private var deadline: Scheduled<Void>?

    init(pages: TelemetryPages, rule: AccessRule, times: Times) {
        (self.pages, self.rule, self.times) = (pages, rule, times)
    }

    func channelActive(context: ChannelHandlerContext) {
        close(context, after: times.request)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head, !isEnding else { return }
            self.head = nil
            due = head
            answerLater(context)
        }
    }

    /// Not at once: what is read next comes as soon as the end of an answer is written, and would be answered inside of that.
    private func answerLater(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (handler, context) = bound.value
            handler.answerNext(context)
        }
    }

    private func answerNext(_ context: ChannelHandlerContext) {
        guard let head = due, context.channel.isActive else { return }
        // Whoever asks and does not read is answered no further: the answers would wait in memory. Nothing is read from it
        // meanwhile, since a request is unanswered.
        guard context.channel.isWritable else { return close(context, after: times.patience) }
        due = nil
        answers += 1
        answer(head, context)
    }

    /// Closes the connection if it is not told otherwise before.
    private func close(_ context: ChannelHandlerContext, after time: TimeAmount) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { bound.value.channel.closeAtOnce() }
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
        if RequestOrigin.isForeign(head.headers["sec-fetch-site"]), !pages.isForLinks(path) {
            return write(.init(status: 403, body: Array(RequestOrigin.refusal.utf8)), to: head, context)
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
        // It takes what it takes, and is not the client's fault.
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        pages.looks.page { [pages] in pages.page(path, accept: accept) }.whenSuccess { page in
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.write(page, to: head, context)
        }
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
        guard head.method == .GET else { return end(head, bytes: 0, context) }
        // From here on its reader is waited for as long as the feed has patience.
        deadline?.cancel()
        context.writeAndFlush(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: DashboardHistory.greeting)))), promise: nil)
        let reader = DashboardReader(context, feed.history, after: position)
        self.reader = reader
        feed.add(reader)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        reader?.pump()
        if context.channel.isWritable, due != nil { answerLater(context) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let reader { pages.feed?.remove(reader) }
        (reader, due) = (nil, nil)
        deadline?.cancel()
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
        let bytes = body.readableBytes
        headers.add(name: "Content-Length", value: String(bytes))
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: page.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD, bytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        end(head, bytes: bytes, context)
    }

    /// Ends an answer, which has been written but for that.
    private func end(_ head: HTTPRequestHead, bytes: Int, _ context: ChannelHandlerContext) {
        close(context, after: times.answer(bytes: bytes))
        isEnding = !head.isKeepAlive
        let number = answers
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenSuccess { _ in
            let (handler, context) = bound.value
            if handler.isEnding { return context.close(promise: nil) }
            // Unless another one is on its way, or waits for this one's reader: that has a time of its own.
            if handler.answers == number, handler.due == nil { handler.close(context, after: handler.times.request) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension Channel {
    /// Closes it; at once if something waits to be read: the kernel would keep what nobody reads for minutes otherwise.
    func closeAtOnce() {
        if !isWritable {
            let atOnce = linger(l_onoff: 1, l_linger: 0)
            (self as? any SocketOptionProvider)?.setSoLinger(atOnce).whenFailure { _ in }
        }
        close(promise: nil)
    }
}
#endif
