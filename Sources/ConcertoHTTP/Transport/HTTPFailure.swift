#if HTTP
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why a call got no complete answer.
public struct HTTPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, in the words that results and summaries use.
    public enum Kind: String, Hashable, Sendable {
        /// The host's name has no address.
        case dns
        /// No connection could be made.
        case connect
        /// The connection could not be secured.
        case tls
        /// The attempt took longer than it may.
        case timeout
        /// The connection ended before the answer did.
        case closed
        /// What came back was not HTTP.
        case protocolError = "protocol"
        /// The call itself can't be sent.
        case invalid
    }

    /// What went wrong.
    public var kind: Kind
    /// Whether the server may have seen the request. `false` is certain: nothing of it was sent.
    public var mayHaveBeenSent: Bool
    /// What happened, for people.
    public var description: String

    /// Creates a failure.
    public init(_ kind: Kind, mayHaveBeenSent: Bool, _ description: String) {
        self.kind = kind
        self.mayHaveBeenSent = mayHaveBeenSent
        self.description = description
    }

    /// Sorts an error of AsyncHTTPClient and of what stands below it.
    ///
    /// Only errors that occur before a connection is ready count as *not sent*; whatever is unknown may have been.
    init(classifying error: any Error, host: String) {
        switch error {
        case let failure as HTTPFailure:
            self = failure
        case let error as NIOConnectionError:
            self.init(connection: error, host: host)
        case let error as HTTPClientError:
            self.init(client: error, host: host)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self.init(.tls, mayHaveBeenSent: false, "the connection to \(host) could not be secured: \(error)")
        case HTTPParserError.invalidEOFState:
            self.init(.closed, mayHaveBeenSent: true, "\(host) closed the connection before the answer was complete")
        case let error as IOError:
            self.init(system: error, host: host)
        case let error as ChannelError:
            self.init(.closed, mayHaveBeenSent: true, "the connection to \(host) broke: \(error)")
        default:
            self.init(.protocolError, mayHaveBeenSent: true, "\(host) answered with something else than HTTP: \(error)")
        }
    }

    private init(connection error: NIOConnectionError, host: String) {
        if error.connectionErrors.isEmpty, let reason = error.dnsAError ?? error.dnsAAAAError {
            self.init(.dns, mayHaveBeenSent: false, "the name of \(host) has no address: \(reason)")
        } else {
            let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "\(error)"
            self.init(.connect, mayHaveBeenSent: false, "no connection to \(host): \(reason)")
        }
    }

    private init(system error: IOError, host: String) {
        let reason = String(cString: strerror(error.errnoCode))
        switch error.errnoCode {
        case ECONNREFUSED, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL:
            self.init(.connect, mayHaveBeenSent: false, "no connection to \(host): \(reason)")
        default:
            self.init(.closed, mayHaveBeenSent: true, "the connection to \(host) broke: \(reason)")
        }
    }

    private init(client error: HTTPClientError, host: String) {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
            self.init(.connect, mayHaveBeenSent: false, "no connection to \(host): \(error.shortDescription)")
        case .tlsHandshakeTimeout:
            self.init(.tls, mayHaveBeenSent: false, "the connection to \(host) could not be secured in time")
        case .invalidProxyResponse, .proxyAuthenticationRequired:
            self.init(.connect, mayHaveBeenSent: false, "the proxy refused: \(error.shortDescription)")
        case .readTimeout, .writeTimeout, .deadlineExceeded:
            self.init(.timeout, mayHaveBeenSent: true, "\(host) did not answer in time")
        case .remoteConnectionClosed, .uncleanShutdown:
            self.init(.closed, mayHaveBeenSent: true, "\(host) closed the connection before the answer was complete")
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath, .contentLengthMissing,
            .identityCodingIncorrectlyPresent, .bodyLengthMismatch:
            self.init(.invalid, mayHaveBeenSent: false, "the call can't be sent: \(error.shortDescription)")
        default:
            self.init(.protocolError, mayHaveBeenSent: true, "the call to \(host) failed: \(error.shortDescription)")
        }
    }
}
#endif
