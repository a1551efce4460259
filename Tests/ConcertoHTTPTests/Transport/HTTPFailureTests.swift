#if HTTP
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@testable import ConcertoHTTP

struct HTTPFailureTests {
    private struct Strange: Error {}

    private func classify(_ error: any Error) -> HTTPFailure { HTTPFailure(classifying: error, host: "h:80") }

    @Test(arguments: [
        HTTPClientError.connectTimeout, .getConnectionFromPoolTimeout, .socksHandshakeTimeout,
        .httpProxyHandshakeTimeout, .tlsHandshakeTimeout, .invalidProxyResponse, .proxyAuthenticationRequired,
    ])
    func whatHappensBeforeAConnectionIsReadyWasCertainlyNotSent(error: HTTPClientError) {
        let failure = classify(error)
        #expect(!failure.mayHaveBeenSent)
        #expect([.connect, .tls].contains(failure.kind))
        #expect(failure.description.contains("h:80") || failure.description.contains("proxy"))
    }

    @Test(arguments: [
        HTTPClientError.readTimeout, .writeTimeout, .deadlineExceeded, .remoteConnectionClosed, .uncleanShutdown,
        .redirectLimitReached, .requestStreamCancelled,
    ])
    func whatHappensLaterMayHaveBeenSent(error: HTTPClientError) {
        #expect(classify(error).mayHaveBeenSent)
    }

    @Test func timeoutsAndBrokenConnectionsAreNamed() {
        #expect(classify(HTTPClientError.readTimeout).kind == .timeout)
        #expect(classify(HTTPClientError.remoteConnectionClosed).kind == .closed)
        #expect(classify(HTTPParserError.invalidEOFState).kind == .closed)
        #expect(classify(ChannelError.ioOnClosedChannel).kind == .closed)
        #expect(classify(IOError(errnoCode: ECONNRESET, reason: "read")).kind == .closed)
        #expect(classify(IOError(errnoCode: ECONNRESET, reason: "read")).mayHaveBeenSent)
        #expect(classify(HTTPParserError.invalidVersion).kind == .protocolError)
        #expect(classify(Strange()).kind == .protocolError)
        #expect(classify(Strange()).mayHaveBeenSent)
    }

    @Test(arguments: [
        HTTPClientError.invalidURL, .emptyHost, .emptyScheme, .contentLengthMissing, .bodyLengthMismatch,
    ])
    func callsThatCannotBeSentAreInvalid(error: HTTPClientError) {
        #expect(classify(error).kind == .invalid)
        #expect(!classify(error).mayHaveBeenSent)
    }

    // AsyncHTTPClient refuses these before it opens a connection; as `protocol` they would be repeated to no avail.
    @Test(
        .disabled("defect: refused calls count as protocol errors"),
        arguments: [
            HTTPClientError.invalidHeaderFieldNames(["a b"]), .invalidHeaderFieldValues(["\u{1}"]),
            .traceRequestWithBody,
            .unsupportedScheme("ftp"),
        ])
    func callsThatTheClientRefusesAreInvalid(error: HTTPClientError) {
        #expect(classify(error).kind == .invalid)
        #expect(!classify(error).mayHaveBeenSent)
    }

    @Test func aHandshakeThatFailsWasNotSent() {
        let failure = classify(NIOSSLError.handshakeFailed(.noError))
        #expect(failure.kind == .tls)
        #expect(!failure.mayHaveBeenSent)
    }

    // A connection that has carried the request ends like this too: a POST must not be repeated after it.
    @Test(
        .disabled("defect: TLS errors after the handshake count as not sent"),
        arguments: [NIOSSLError.uncleanShutdown, .readInInvalidTLSState, .writeDuringTLSShutdown])
    func aSecureConnectionThatBreaksLaterMayHaveCarriedTheRequest(error: NIOSSLError) {
        #expect(classify(error).mayHaveBeenSent)
    }

    @Test func aClassifiedFailureStaysAsItIs() {
        let failure = HTTPFailure(.dns, mayHaveBeenSent: false, "x")
        #expect(classify(failure) == failure)
    }
}
#endif
