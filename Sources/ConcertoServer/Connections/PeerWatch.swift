#if Server
import NIOCore

/// Stands first in a connection's pipeline, tells its ``Peer`` when the client has gone, and keeps the connection's limits.
///
/// First, because Hummingbird's own handler keeps `channelInactive` to itself, and before TLS, because the end of the
/// socket is what counts. NIO watches for that end whatever the back-pressure on Linux, so that neither unread bodies nor
/// pipelined requests hide it.
final class PeerWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let peer: Peer
    var state: ConnectionGuard
    /// Where answers of the limits' own are written; there while the connection speaks HTTP/1.1.
    weak var parts: PartWatch?
    private let halfClose: ConnectionOptions.HalfClose
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture

    init(_ peer: Peer, _ options: ConnectionOptions) {
        self.peer = peer
        halfClose = options.halfClose
        state = ConnectionGuard(options.limits)
    }

    // MARK: Limits

    /// One timer a connection, which is set earlier when it has to be and otherwise looks again when it rings.
    func arm() {
        guard let context, let next = state.next, next < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = next
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: next) { [weak self] in self?.ring() }
    }

    private func ring() {
        timer = nil
        timerDeadline = .distantFuture
        judge()
    }

    /// Does what is due.
    func judge() {
        guard let context else { return }
        let options = context.channel.syncOptions
        let buffered = (try? options?.getOption(.bufferedWritableBytes)) ?? 0
        let life = peer.life
        switch state.verdict(at: .now(), stillBuffered: buffered) {
        case .wait: arm()
        case .close: context.close(promise: nil)
        case .idle:
            life.count(.idleTimeouts)
            context.close(promise: nil)
        case .drainTooLong:
            life.count(.abandonedDrains)
            context.close(promise: nil)
        case .headTooSlow:
            life.count(.headerTimeouts)
            guard let parts, state.open == 0 else { return context.close(promise: nil) }
            parts.answerTimeout()
        case .bodyTooSlow:
            life.count(.slowBodies)
            peer.gone(.bodyTooSlow)
            guard let parts, state.open == 1 else { return context.close(promise: nil) }
            parts.answerTimeout()
        case .stalled:
            life.count(.writeStalls)
            peer.gone(.writeStalled)
            context.close(promise: nil)
        }
    }

    // MARK: Events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.opened(at: .now())
        arm()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if state.phase == .idle || state.phase == .fresh {
            state.bytesCame(at: .now())
            arm()
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let options = context.channel.syncOptions
        let buffered = (try? options?.getOption(.bufferedWritableBytes)) ?? 0
        state.writable(context.channel.isWritable, buffered: buffered, at: .now())
        arm()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if halfClose == .cancel, let event = event as? ChannelEvent, case .inputClosed = event {
            peer.gone(.clientClosed)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        peer.gone(.clientClosed)
        timer?.cancel()
        context.fireChannelInactive()
    }
}
#endif
