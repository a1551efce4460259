#if Server
import HummingbirdCore
public import NIOCore

/// How a server treats its connections.
public struct ConnectionOptions: Sendable {
    /// What a client's end of sending means.
    public enum HalfClose: Sendable, Hashable {
        /// The client is gone: the handler is cancelled. What Kestrel and Go do; no common client closes half.
        case cancel
        /// The client still reads: the handler runs on, until the connection is reset.
        case serve
    }

    /// What a client's end of sending means. Default: ``HalfClose/cancel``.
    public var halfClose = HalfClose.cancel
    /// What connections may cost in time and bytes.
    public var limits = ByteLimits()
    /// The longest header field, in bytes: default 16 KiB.
    public var maxHeaderFieldSize = 16 * 1_024
    /// All header fields of a request together, in bytes: default 32 KiB; beyond it the answer is 431.
    public var maxHeaderSize = 32 * 1_024
    /// How many header fields: default 100; beyond it the answer is 431.
    public var maxHeaderCount = 100
    /// Handlers of your own, between the parts of HTTP and the requests.
    public var additionalChannelHandlers: @Sendable () -> [any RemovableChannelHandler] = { [] }

    /// The defaults.
    public init() {}

    /// What both protocols are set up with.
    var channelConfiguration: HTTP1Channel.Configuration {
        let additional = additionalChannelHandlers
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [PartWatch()] + additional(),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: maxHeaderFieldSize, maxHeaderListSize: maxHeaderSize,
                maxHeaderFieldCount: maxHeaderCount))
    }
}
#endif
