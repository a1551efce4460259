#if HTTP
import AsyncHTTPClient
import Foundation

/// A proxy that calls go through: `http://[user:password@]host:port` or `socks5://host:port`.
///
/// Over HTTP, calls to `http://` URLs are handed to the proxy as they are, and those to `https://` URLs go through a tunnel
/// (`CONNECT`), which the proxy must allow.
public struct HTTPProxy: Hashable, Sendable, CustomStringConvertible {
    /// How it is spoken to.
    public enum Kind: Hashable, Sendable {
        /// By HTTP.
        case http
        /// By SOCKS 5, which resolves names itself.
        case socks
    }

    /// How it is spoken to.
    public let kind: Kind
    /// Its name or address.
    public let host: String
    /// Its port.
    public let port: Int
    /// The value of `Proxy-Authorization`.
    let authorization: String?

    /// Reads a proxy's URL; a scheme that is left out is `http`, a port 8080, or 1080 for SOCKS. User and password are
    /// percent-decoded.
    ///
    /// - Returns: `nil` if `text` describes no proxy.
    public init?(_ text: String) {
        var rest = text.contains("://") ? text : "http://" + text
        guard let colon = rest.firstRange(of: "://") else { return nil }
        switch rest[..<colon.lowerBound].lowercased() {
        case "http": kind = .http
        case "socks5", "socks5h": kind = .socks
        default: return nil
        }
        rest = "http://" + rest[colon.upperBound...]
        guard let address = try? HTTPAddress(rest), address.target == "/" else { return nil }
        guard kind == .http || address.credentials == nil else { return nil }
        authorization = address.credentials
        host = address.name
        port = address.port ?? (kind == .http ? 8080 : 1080)
    }

    /// `host:port`, without user and password.
    public var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// What AsyncHTTPClient makes tunnels with.
    var tunnel: HTTPClient.Configuration.Proxy {
        switch kind {
        case .socks: return .socksServer(host: host, port: port)
        case .http:
            guard let authorization else { return .server(host: host, port: port) }
            return .server(
                host: host, port: port,
                authorization: .basic(credentials: String(authorization.dropFirst("Basic ".count))))
        }
    }
}
#endif
