#if Server
import Concerto
import HummingbirdCore
import HummingbirdHTTP2
import NIOCore

/// Hummingbird's HTTP/2, each stream of which has a ``Peer`` of its own.
enum WatchedStreams {
    static func channel(
        responder: @escaping HTTPChannelHandler.Responder, life: ServerLife, options: ConnectionOptions
    ) -> HTTP2Channel {
        var configuration = HTTP2ChannelConfiguration()
        configuration.streamConfiguration = options.channelConfiguration
        let limits = options.limits
        return HTTP2Channel(
            responder: { request, writer, channel in
                let peer = Peer(life: life, channel: channel, isStream: true)
                life.add(peer)
                defer { life.remove(peer) }
                // A stream serves one request: once it is closed by a reset, or with its connection, nobody waits. It is
                // also closed after a whole answer; by then the request has ended.
                channel.closeFuture.whenComplete { _ in peer.gone(.clientClosed) }
                // A writer can be used once, and a closure could be called twice. It is used by this task alone.
                nonisolated(unsafe) var writer: ResponseWriter? = writer
                try await RequestScope.$bound.binding(RequestScope(peer: peer, clock: life.clock)) {
                    try await peer.serve(request, &writer, channel, limits, responder)
                }
            }, configuration: configuration)
    }
}
#endif
