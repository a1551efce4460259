#if Server
public import NIOSSL

/// What a server speaks.
public struct ServerProtocol: Sendable {
    enum Kind: Sendable {
        case http1, http2
        case tls(TLSConfiguration)
        case upgrade(TLSConfiguration)
    }

    let kind: Kind

    /// HTTP/1.1 without TLS: behind a proxy.
    public static var http1: ServerProtocol { ServerProtocol(kind: .http1) }
    /// HTTP/2 without TLS, for clients that know.
    public static var http2: ServerProtocol { ServerProtocol(kind: .http2) }
    /// HTTP/1.1 with TLS.
    public static func https1(_ tls: TLSConfiguration) -> ServerProtocol { ServerProtocol(kind: .tls(tls)) }
    /// HTTP/1.1 or HTTP/2 with TLS, as the client chooses.
    public static func http1OrHTTP2(_ tls: TLSConfiguration) -> ServerProtocol { ServerProtocol(kind: .upgrade(tls)) }
}
#endif
