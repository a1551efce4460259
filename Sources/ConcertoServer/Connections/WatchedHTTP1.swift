#if Server
import HummingbirdCore
import Logging
import NIOCore

/// Hummingbird's HTTP/1.1 connection, whose task knows the ``Peer`` at the other end.
struct WatchedHTTP1: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let inner: HTTP1Channel.Value
        let peer: Peer
        var channel: any Channel { inner.channel }
    }

    private let base: HTTP1Channel
    private let life: ServerLife
    private let options: ConnectionOptions
    private let isSecure: Bool

    init(
        responder: @escaping HTTPChannelHandler.Responder, life: ServerLife, options: ConnectionOptions,
        isSecure: Bool = false
    ) {
        let limits = options.limits
        base = HTTP1Channel(
            responder: { request, writer, channel in
                // Bound by `handle`, in this very task.
                guard let peer = RequestScope.bound?.peer else { preconditionFailure("a connection has a peer") }
                var writer: ResponseWriter? = writer
                try await peer.serve(request, &writer, channel, limits, responder)
            },
            configuration: options.channelConfiguration)
        self.life = life
        self.options = options
        self.isSecure = isSecure
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let peer = Peer(life: life, channel: channel, isSecure: isSecure)
        do {
            try channel.pipeline.syncOperations.addHandler(PeerWatch(peer, options), position: .first)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        life.add(peer)
        // The one callback of this connection: those on `closeFuture` cannot be taken back.
        channel.closeFuture.whenComplete { [life] _ in
            life.count(.connections, by: -1)
            life.remove(peer)
        }
        let isFull = life.openConnection(limit: options.limits.maximumConnections)
        return base.setup(channel: channel, logger: logger).map {
            // Only now: closing first would leave Hummingbird with a channel that could not be set up.
            if isFull { channel.close(promise: nil) }
            return Value(inner: $0, peer: peer)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await RequestScope.$bound.withValue(RequestScope(peer: value.peer, clock: life.clock)) {
            await base.handle(value: value.inner, logger: logger)
        }
    }
}
#endif
