#if HTTP
public import ConcertoResilience
import Foundation
import NIOSSL

/// How an ``AsyncHTTPClientTransport`` connects.
///
/// | option | default | range |
/// |---|---|---|
/// | ``maximumBody`` | 16 MiB | 0 or more |
/// | ``connectTimeout`` | 10 s | longer than zero |
/// | ``maximumPerHost`` | 1,024 connections | 1 or more |
/// | ``maximumIdle`` | 256 connections | 1 or more |
/// | ``idleLimit`` | 4 s | longer than zero, at most a day |
public struct HTTPTransportOptions: Sendable {
    /// Bytes of an answer's body that are kept, decompressed; the rest is cut off and flagged.
    public var maximumBody = 1 << 24
    /// How long a connection, its tunnel and its handshake may take.
    public var connectTimeout = Duration.seconds(10)
    /// Connections to one host; calls beyond wait for one, and that counts as their attempt's time.
    public var maximumPerHost = 1024
    /// Connections that are kept open while nobody uses them, over all hosts; the one that has idled longest is closed first.
    public var maximumIdle = 256
    /// How long a connection may idle whose server says nothing about it. A server that tells (`Keep-Alive`), or was seen to
    /// hang up, is believed; connections are closed some time before it would do so, because a request that meets the
    /// closing is lost, and a POST is not sent twice.
    public var idleLimit = Duration.seconds(4)
    /// Whether HTTP/2 is offered. With AsyncHTTPClient 1.37 a server that ends a connection in good order (`GOAWAY`; nginx
    /// does so every 1,000 requests) makes calls fail that HTTP/1.1 would have carried.
    public var usesHTTP2 = false
    /// A file, PEM, with the certificates of the authorities to trust, instead of the machine's own.
    public var authorities: String?
    /// Whether servers must show a certificate that is trusted and theirs.
    public var checksCertificates = true
    /// The proxy, as ``HTTPProxy/init(_:)`` reads it. None of the environment is used.
    public var proxy: HTTPProxy?

    /// The defaults.
    public init() {}

    /// Whether a file is there and holds certificates (PEM).
    public static func holdsCertificates(_ path: String) -> Bool { (try? TrustRoots.load(path)) != nil }

    /// Names every field that cannot work.
    public func validate() throws(InvalidOptionsError) {
        var check = OptionsCheck("AsyncHTTPClientTransport")
        check.require(maximumBody, "maximumBody", atLeast: 0)
        check.requirePositive(connectTimeout, "connectTimeout")
        check.require(maximumPerHost, "maximumPerHost", atLeast: 1)
        check.require(maximumIdle, "maximumIdle", atLeast: 1)
        check.require(
            idleLimit > .zero && idleLimit <= .seconds(86_400), "idleLimit", idleLimit,
            "longer than zero and at most a day")
        if let authorities {
            check.require(
                Self.holdsCertificates(authorities), "authorities", authorities, "a file that holds certificates (PEM)")
        }
        try check.finish()
    }
}
#endif
