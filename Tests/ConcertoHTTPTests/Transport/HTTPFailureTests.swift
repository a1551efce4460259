#if HTTP
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTP2
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
        arguments: [NIOSSLError.uncleanShutdown, .readInInvalidTLSState, .writeDuringTLSShutdown])
    func aSecureConnectionThatBreaksLaterMayHaveCarriedTheRequest(error: NIOSSLError) {
        #expect(classify(error).mayHaveBeenSent)
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL])
    func `T4 what this machine runs out of is its own shortage, and nothing was sent`(code: CInt) {
        let failure = classify(IOError(errnoCode: code, reason: "socket"))
        #expect(failure.kind == .local && !failure.mayHaveBeenSent && !failure.isLasting)
        #expect(failure.description.contains(String(cString: strerror(code))))
    }

    @Test func `T1 a stream that was refused was not processed, one that was closed may have been`() {
        func closed(_ code: HTTP2ErrorCode) -> HTTPFailure {
            classify(NIOHTTP2Errors.streamClosed(streamID: 5, errorCode: code))
        }
        #expect(!closed(.refusedStream).mayHaveBeenSent && closed(.refusedStream).kind == .closed)
        #expect(closed(.cancel).mayHaveBeenSent && closed(.cancel).kind == .closed)
        #expect(!classify(NIOHTTP2Errors.createdStreamAfterGoaway()).mayHaveBeenSent)
        for failure in [closed(.cancel), closed(.refusedStream)] {
            #expect(!failure.description.contains(".swift") && failure.description.contains("HTTP/2"))
        }
    }

    @Test func `T13 a machine without CA certificates is told from a certificate that is not trusted`() {
        let failure = FailureClassifier(host: "h:443", lacksAuthorities: true).failure(BoringSSLError.unknownError([]))
        #expect(failure.kind == .tls && !failure.mayHaveBeenSent && failure.isLasting)
        #expect(failure.description.contains("no CA certificates") && failure.description.contains("ca-certificates"))
    }

    @Test func `message 2 a TLS library that gives no reason is not quoted`() {
        #expect(!classify(BoringSSLError.unknownError([])).description.contains("unknownError"))
        #expect(classify(BoringSSLError.unknownError([])).mayHaveBeenSent)
    }

    @Test func aClassifiedFailureStaysAsItIs() {
        let failure = HTTPFailure(.dns, mayHaveBeenSent: false, "x")
        #expect(classify(failure) == failure)
    }
}
#endif
