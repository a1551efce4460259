#if HTTP
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPCompression
import NIOPosix
import NIOSSL

/// Sorts the errors of AsyncHTTPClient and of what stands below it, and says them for people.
///
/// Only errors that occur before a connection is ready count as *not sent*; whatever is unknown may have been.
struct FailureClassifier: Sendable {
    /// The host that was to be called.
    var host: String
    /// The proxy through which all connections go, as `host:port`.
    var proxy: String?
    /// Whether this machine has no certificates of authorities, so that none can be trusted.
    var lacksAuthorities = false

    /// Whoever a connection is made to.
    private var peer: String { proxy.map { "the proxy \($0)" } ?? host }

    func failure(_ error: any Error) -> HTTPFailure {
        switch error {
        case let failure as HTTPFailure: failure
        case let error as NIOConnectionError: connection(error)
        case let error as HTTPClientError: client(error)
        case let error as IOError: system(error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: tls(error)
        case let fault as AnswerOrder.Fault:
            // The status itself may be a slip of the server's; the server will make it again.
            HTTPFailure(
                .protocolError, mayHaveBeenSent: true, "\(host) answered with something else than HTTP: \(fault)")
        case HTTPParserError.invalidEOFState: cutShort
        case HTTPParserError.headerOverflow:
            HTTPFailure(
                .protocolError, mayHaveBeenSent: true, isLasting: true,
                "\(host) answered with more or longer headers than can be taken (80 KiB each, 256)")
        case let error as HTTPParserError:
            HTTPFailure(
                .protocolError, mayHaveBeenSent: true, "\(host) answered with something else than HTTP: \(words(error))"
            )
        case is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            HTTPFailure(
                .protocolError, mayHaveBeenSent: true, isLasting: true,
                "the body that \(host) answered with can't be decompressed: \(error)")
        case is AnswerGuard.Stale:
            HTTPFailure(
                .closed, mayHaveBeenSent: false, "the connection to \(peer) was closed before it was used again")
        case is any NIOHTTP2Error: http2(error)
        case let error as ChannelError:
            HTTPFailure(.closed, mayHaveBeenSent: true, "the connection to \(peer) broke: \(words(error))")
        default:
            HTTPFailure(
                .protocolError, mayHaveBeenSent: true,
                "\(proxy.map { "\(host), or the proxy \($0)," } ?? host) answered with something else than HTTP: \(words(error))"
            )
        }
    }

    private var cutShort: HTTPFailure {
        HTTPFailure(.closed, mayHaveBeenSent: true, "\(host) closed the connection before the answer was complete")
    }

    /// An error's case or description, without the place in the sources that some print.
    private func words(_ error: any Error) -> String { String("\(error)".prefix(200)) }
}

// MARK: - Connections

extension FailureClassifier {
    private func connection(_ error: NIOConnectionError) -> HTTPFailure {
        guard let first = error.connectionErrors.first else { return name(error) }
        // A name may have several addresses: this machine is short of something if that is so for each.
        let codes = error.connectionErrors.map { ($0.error as? IOError)?.errnoCode }
        if codes.allSatisfy({ $0.map(Self.isShortage) == true }), let code = codes[0] { return shortage(code) }
        let reason =
            error.connectionErrors.lazy.compactMap { ($0.error as? IOError)?.errnoCode }.first
            .map(Self.text) ?? words(first.error)
        return noConnection(reason)
    }

    private func noConnection(_ reason: String) -> HTTPFailure {
        HTTPFailure(.connect, mayHaveBeenSent: false, "no connection to \(peer): \(reason)")
    }

    /// A proxy that answered `CONNECT` with `status`.
    func tunnelRefused(_ status: Int) -> HTTPFailure {
        let isRule = [401, 403, 405, 407, 501].contains(status)
        return HTTPFailure(
            .connect, mayHaveBeenSent: false, isLasting: isRule,
            "the proxy \(proxy ?? "") refused a tunnel to \(host) with status \(status)"
                + (status == 401 || status == 407
                    ? "; it wants another user and password" : isRule ? "; it must allow CONNECT to that port" : ""))
    }

    private func name(_ error: NIOConnectionError) -> HTTPFailure {
        let cause = (error.dnsAError ?? error.dnsAAAAError) as? SocketAddressError.UnknownHost
        let name = proxy == nil ? "the host '\(error.host)'" : "the proxy '\(error.host)'"
        guard let cause else {
            return HTTPFailure(.dns, mayHaveBeenSent: false, "\(name) has no address")
        }
        switch Int32(truncatingIfNeeded: cause.errorCode) {
        case EAI_NONAME, Self.noAddress:
            return HTTPFailure(
                .dns, mayHaveBeenSent: false, isLasting: true,
                "\(name) is not known (\(cause.errorDescription)); is it spelt right?")
        case EAI_MEMORY, EAI_SYSTEM:
            return HTTPFailure(
                .local, mayHaveBeenSent: false, "\(name) could not be looked up: \(cause.errorDescription)")
        default:
            return HTTPFailure(
                .dns, mayHaveBeenSent: false, "\(name) could not be looked up: \(cause.errorDescription)")
        }
    }

    /// `EAI_NODATA` of glibc, which hides it: the name is there and has no address.
    private static let noAddress: Int32 = -5

    private func system(_ error: IOError) -> HTTPFailure {
        if Self.isShortage(error.errnoCode) { return shortage(error.errnoCode) }
        switch error.errnoCode {
        case ECONNREFUSED, ENETUNREACH, ENETDOWN, EHOSTUNREACH, EHOSTDOWN, EAFNOSUPPORT:
            return noConnection(Self.text(error.errnoCode))
        default:
            return HTTPFailure(
                .closed, mayHaveBeenSent: true, "the connection to \(peer) broke: \(Self.text(error.errnoCode))")
        }
    }

    /// What a process or its machine runs out of. An IPv6 address may not be available for want of IPv6, too; then the
    /// calls to it come to an end as those to a host that cannot be reached.
    private static func isShortage(_ code: CInt) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL].contains(code)
    }

    private func shortage(_ code: CInt) -> HTTPFailure {
        if code == EADDRNOTAVAIL, host.hasPrefix("["), proxy == nil { return noConnection(Self.text(code)) }
        let cure =
            switch code {
            case EMFILE: "raise its limit of open files (ulimit -n), or make fewer calls at a time"
            case ENFILE: "this machine's limit of open files is reached"
            case EADDRNOTAVAIL: "all local ports to that address are in use"
            default: "make fewer calls at a time"
            }
        return HTTPFailure(
            .local, mayHaveBeenSent: false,
            "this process could not make a connection to \(peer): \(Self.text(code)); \(cure)")
    }

    private static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}

// MARK: - TLS

extension FailureClassifier {
    private func tls(_ error: any Error) -> HTTPFailure {
        func refused(isLasting: Bool, _ reason: String) -> HTTPFailure {
            HTTPFailure(
                .tls, mayHaveBeenSent: false, isLasting: isLasting, "no secure connection to \(host): \(reason)")
        }
        let text = "\(error)"
        if lacksAuthorities, text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unknownError([])") {
            return refused(
                isLasting: true,
                "this machine has no CA certificates to check its certificate with; install ca-certificates, or name a file "
                    + "that holds them (cacert)")
        }
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return refused(
                isLasting: true, "its certificate is for another name; use that name, or \(Self.unchecked)")
        case let error as NIOSSLExtraError
        where [.serverHostnameImpossibleToMatch, .cannotUseIPAddressInSNI, .invalidSNIHostname].contains(error):
            return refused(isLasting: true, "no certificate can be for that name")
        case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate:
            return refused(
                isLasting: true, "it shows no certificate that can be checked; mend the server, or \(Self.unchecked)")
        case NIOSSLError.handshakeFailed:
            return handshake(text, refused)
        default:
            // Any other can come on a connection that has carried the request.
            return HTTPFailure(
                .closed, mayHaveBeenSent: true,
                "the secure connection to \(host) broke: \(Self.reason(text) ?? Self.name(error))")
        }
    }

    private func handshake(_ text: String, _ refused: (Bool, String) -> HTTPFailure) -> HTTPFailure {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return refused(
                true,
                "its certificate is not trusted: no authority that is known here vouches for it, or it is out of date; name "
                    + "the file of its authority's certificate (cacert), or \(Self.unchecked)")
        }
        if ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "HTTPS_PROXY_REQUEST"].contains(
            where: text.contains)
        {
            return refused(true, "what answers there does not speak TLS; is it http:// instead of https://?")
        }
        if ["ALERT_CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA"].contains(where: text.contains) {
            return refused(true, "it wants a certificate of the client, and this client has none")
        }
        if ["PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL"].contains(where: text.contains) {
            return refused(true, "it speaks no version of TLS that is spoken here (1.2 and later)")
        }
        if text.contains("EOF during handshake") {
            return refused(false, "it closed the connection during the handshake")
        }
        return refused(false, Self.reason(text) ?? "the handshake failed")
    }

    private static var unchecked: String { "go unchecked (insecure)" }

    /// `CERTIFICATE_VERIFY_FAILED` of BoringSSL's text as words.
    private static func reason(_ text: String) -> String? {
        guard let match = text.firstMatch(of: /OPENSSL_internal:([A-Z0-9_]+)/) else { return nil }
        return match.1.lowercased().replacing("_", with: " ")
    }

    private static func name(_ error: any Error) -> String {
        switch error {
        case NIOSSLError.uncleanShutdown: "it was closed without a farewell"
        case is BoringSSLError: "the TLS library gave no reason"
        default: String("\(error)".prefix(100))
        }
    }
}

// MARK: - HTTP/2, AsyncHTTPClient

extension FailureClassifier {
    /// RFC 9113 §8.7: a stream that is refused was not processed, nor one above the last that a GOAWAY names, which ends in
    /// the same way here.
    private func http2(_ error: any Error) -> HTTPFailure {
        switch error {
        case let closed as NIOHTTP2Errors.StreamClosed where closed.errorCode == .refusedStream:
            HTTPFailure(
                .closed, mayHaveBeenSent: false, "\(host) refused the stream before it looked at the call (HTTP/2)")
        case is NIOHTTP2Errors.CreatedStreamAfterGoaway, is NIOHTTP2Errors.StreamIDTooSmall:
            HTTPFailure(
                .closed, mayHaveBeenSent: false, "\(host) ends the connection and takes no new calls on it (HTTP/2)")
        case let closed as NIOHTTP2Errors.StreamClosed:
            HTTPFailure(
                .closed, mayHaveBeenSent: true,
                "\(host) closed the stream before the answer was complete (HTTP/2, \(closed.errorCode))")
        default:
            HTTPFailure(.protocolError, mayHaveBeenSent: true, "\(host) broke the rules of HTTP/2: \(type(of: error))")
        }
    }

    private func client(_ error: HTTPClientError) -> HTTPFailure {
        switch error {
        case .connectTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
            return HTTPFailure(.connect, mayHaveBeenSent: false, "no connection to \(peer) in time")
        case .getConnectionFromPoolTimeout:
            return HTTPFailure(.connect, mayHaveBeenSent: false, "no connection to \(peer) was free in time")
        case .tlsHandshakeTimeout:
            return HTTPFailure(.tls, mayHaveBeenSent: false, "the connection to \(host) could not be secured in time")
        case .proxyAuthenticationRequired:
            return HTTPFailure(
                .connect, mayHaveBeenSent: false, isLasting: true,
                "the proxy \(proxy ?? "") wants another user and password (407)")
        case .invalidProxyResponse:
            return HTTPFailure(
                .connect, mayHaveBeenSent: false, "the proxy \(proxy ?? "") made no tunnel to \(host)")
        case .readTimeout, .writeTimeout, .deadlineExceeded:
            return HTTPFailure(.timeout, mayHaveBeenSent: true, "\(host) did not answer in time")
        case .remoteConnectionClosed, .uncleanShutdown:
            return cutShort
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath, .contentLengthMissing,
            .identityCodingIncorrectlyPresent, .bodyLengthMismatch, .traceRequestWithBody:
            return .unsendable(error.shortDescription)
        default:
            return other(error)
        }
    }

    /// These carry what is wrong, so that they equal none of their kind. A header's text is not repeated.
    private func other(_ error: HTTPClientError) -> HTTPFailure {
        let text = error.shortDescription
        if text.hasPrefix("Invalid header field") { return .unsendable("a header can't be sent") }
        if text.hasPrefix("Unsupported scheme") { return .unsendable("its scheme is not supported") }
        return HTTPFailure(.protocolError, mayHaveBeenSent: true, "the call to \(host) failed: \(text)")
    }
}

extension HTTPFailure {
    init(classifying error: any Error, host: String, proxy: String? = nil) {
        self = FailureClassifier(host: host, proxy: proxy).failure(error)
    }
}
#endif
