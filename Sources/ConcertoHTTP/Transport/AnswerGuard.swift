#if HTTP
import NIOCore
import NIOHTTP1

/// Stands before AsyncHTTPClient's own handler on a connection, or on a stream of HTTP/2.
///
/// - Nothing passes that does not keep to the order of an answer (``AnswerOrder``): it becomes an error, and the connection
///   is closed.
/// - Tells an attempt's ticket when its request goes out, and takes the ticket's header out of it.
/// - Tells the ``ConnectionWatch`` when the connection becomes idle; a request that comes after the connection should have
///   been closed is turned away, unsent.
///
/// Used on its channel's event loop alone.
final class AnswerGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// The connection is not to be used any more: the request has not been sent.
    struct Stale: Error {}

    private struct IdleTime {
        var number: UInt64
        var since: NIODeadline
        var until: NIODeadline
    }

    private let watch: ConnectionWatch?
    /// A stream of HTTP/2 carries one request and does not idle.
    private let isConnection: Bool
    private var context: ChannelHandlerContext?
    private var order = AnswerOrder()
    /// That of the request that went out last.
    private(set) var ticket: AttemptTicket?
    /// A part of the last answer's body has come.
    private(set) var hasBody = false
    /// The request that is out has been written to its end.
    private var isWritten = true
    /// An answer has ended in the bytes that are being read: what follows it there was sent before the next request could
    /// be, even if that goes out now, in the middle of reading.
    private var endedInThisRead = false
    private var idle: IdleTime?
    /// How long the connection had idled before the request that is out.
    private var idledBefore: TimeAmount?
    /// Requests that were answered after the connection had idled.
    private var reuses = 0
    private var keepsAlive: TimeAmount?
    /// We have closed it, so that its end says nothing about the server.
    private var isClosing = false

    init(watch: ConnectionWatch? = nil, isConnection: Bool = true) {
        self.watch = watch
        self.isConnection = isConnection
    }

    /// Bytes have come that nobody has looked at yet.
    func willRead() { endedInThisRead = false }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        endIdling()
        self.context = nil
    }

    // MARK: Requests

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): write(head, context, promise)
        case .body where isClosing: refuse(context, promise)
        case .end where isClosing: refuse(context, promise)
        case .body: context.write(data, promise: promise)
        case .end:
            isWritten = true
            context.write(data, promise: promise)
            if order.isIdle { beginIdling(context) }
        }
    }

    private func write(_ head: HTTPRequestHead, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let now = NIODeadline.now()
        let isLate = isClosing || idle.map { $0.until <= now } == true
        idledBefore = idle.map { now - $0.since }
        endIdling()
        var head = head
        ticket = nil
        if let watch, let name = head.headers.first(name: AttemptTicket.header) {
            head.headers.remove(name: AttemptTicket.header)
            ticket = watch.tickets[name]
            // Whoever made the attempt has given it up, and has been told that nothing was sent.
            if ticket == nil { return turnAway(context, promise) }
        }
        guard !isLate else { return turnAway(context, promise) }
        ticket?.noteSent(after: idledBefore)
        if let prefix = ticket?.prefix { head.uri = prefix + head.uri }
        order.request()
        isWritten = false
        hasBody = false
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    /// AsyncHTTPClient is in the middle of writing: it is told afterwards.
    private func turnAway(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        isClosing = true
        refuse(context, promise)
        context.eventLoop.assumeIsolated().execute {
            context.fireErrorCaught(Stale())
            context.close(promise: nil)
        }
    }

    /// The connection is about to be closed: what is written meanwhile is turned away.
    func refuseRequests() { isClosing = true }

    private func refuse(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard let promise else { return }
        context.eventLoop.execute { promise.fail(Stale()) }
    }

    // MARK: Answers

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        do throws(AnswerOrder.Fault) {
            guard try passes(part) else { return }
        } catch {
            isClosing = true
            context.fireErrorCaught(error)
            context.close(promise: nil)
            return
        }
        // The next request may be written in here.
        context.fireChannelRead(data)
        if case .end = part, order.isIdle, isWritten { beginIdling(context) }
    }

    private func passes(_ part: HTTPClientResponsePart) throws(AnswerOrder.Fault) -> Bool {
        if endedInThisRead, isConnection, !order.isBroken { throw order.fail(.unasked) }
        switch part {
        case .head(let head):
            guard try order.head(status: head.status.code) else { return false }
            if order.hasBegun { keepsAlive = head.headers.first(name: "keep-alive").flatMap(KeepAlive.timeout) }
        case .body:
            hasBody = true
            return try order.body()
        case .end:
            guard try order.end() else { return false }
            endedInThisRead = true
            if idledBefore != nil { reuses += 1 }
        }
        return true
    }

    // MARK: Idling

    private func beginIdling(_ context: ChannelHandlerContext) {
        guard isConnection, let watch, idle == nil, !isClosing, context.channel.isActive else { return }
        let now = NIODeadline.now()
        let limit = watch.keepAlive.limit(told: keepsAlive, seen: watch.seen(context.remoteAddress, at: now))
        guard limit > .zero else { return close(context) }
        let number = watch.idles(NIOLoopBound(self, eventLoop: context.eventLoop), until: now + limit)
        idle = IdleTime(number: number, since: now, until: now + limit)
    }

    private func endIdling() {
        if let idle { watch?.busy(idle.number) }
        idle = nil
    }

    /// Closes the connection if no request is out.
    func closeIfIdle() {
        guard let context, idle != nil else { return }
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        endIdling()
        context.close(promise: nil)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        isClosing = true
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        // A connection that was used again and ended before anything came back was being closed when the request went out.
        let idled = idle.map { now - $0.since } ?? (order.awaitsHead ? idledBefore : nil)
        if let idled, !isClosing { watch?.hungUp(context.remoteAddress, after: idled, reuses: reuses, at: now) }
        endIdling()
        context.fireChannelInactive()
    }
}

/// Tells the ``AnswerGuard`` behind the decoder when bytes come in before it.
final class ReadMarker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let answers: AnswerGuard

    init(_ answers: AnswerGuard) { self.answers = answers }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answers.willRead()
        context.fireChannelRead(data)
    }
}

#endif
