#if HTTP
import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A server on loopback that answers with whatever bytes a test wants, HTTP or not.
package final class RawServer: Sendable {
    /// What happens when a request has come.
    package struct Answer: Sendable, ExpressibleByStringLiteral {
        package var bytes: [UInt8]
        /// Whether the connection is closed behind it.
        package var closes: Bool
        /// Whether it is closed with a reset.
        package var resets = false
        /// Whether a byte follows every 20 ms, for ever.
        package var drips = false

        package init(_ bytes: [UInt8], closes: Bool = false) { (self.bytes, self.closes) = (bytes, closes) }
        package init(_ text: String, closes: Bool = false) { self.init(Array(text.utf8), closes: closes) }
        package init(stringLiteral text: String) { self.init(text) }

        package static func ok(_ body: String, _ headers: String = "") -> Answer {
            Answer("HTTP/1.1 200 OK\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }

        package static func status(_ status: Int, _ headers: String = "") -> Answer {
            Answer("HTTP/1.1 \(status) S\r\n\(headers)Content-Length: 0\r\n\r\n")
        }
    }

    package struct Request: Sendable {
        /// Everything up to the empty line.
        package var head: String
        package var body: [UInt8]
        /// The number of its connection, from 1.
        package var connection: Int

        /// The first line's parts.
        package var method: String { String(head.prefix { $0 != " " }) }
        package var target: String { String(head.split(separator: " ", maxSplits: 2)[1]) }

        /// The values of a header.
        package func header(_ name: String) -> [String] {
            head.split(separator: "\r\n").dropFirst().compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == name else { return nil }
                return parts[1].trimmingPrefix(" ").description
            }
        }
    }

    package typealias Script = @Sendable (_ request: Request, _ number: Int) -> Answer

    package let port: Int
    private let log: Log

    private init(port: Int, log: Log) { (self.port, self.log) = (port, log) }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { log.state.withLock { $0.requests } }
    package var connections: Int { log.state.withLock { $0.connections } }
    /// Connections that are open.
    package var open: Int { log.state.withLock { $0.open } }

    /// Runs so many servers with the same script.
    package static func run<Value: Sendable>(
        count: Int, _ script: @escaping Script, _ body: ([RawServer]) async throws -> Value
    ) async throws -> Value {
        try await run(count: count, having: [], script, body)
    }

    private static func run<Value: Sendable>(
        count: Int, having servers: [RawServer], _ script: @escaping Script, _ body: ([RawServer]) async throws -> Value
    ) async throws -> Value {
        guard servers.count < count else { return try await body(servers) }
        return try await run(script) { try await run(count: count, having: servers + [$0], script, body) }
    }

    /// Serves `script` while `body` runs. It gets the request and the request's number, from 1.
    ///
    /// - Parameter answersAnything: Whether any bytes are answered, as an HTTP server answers those of a TLS client.
    package static func run<Value: Sendable>(
        host: String = "127.0.0.1", tls: NIOSSLContext? = nil, answersAnything: Bool = false,
        _ script: @escaping Script,
        _ body: (RawServer) async throws -> Value
    ) async throws -> Value {
        let log = Log()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(log: log, script: script, answersAnything: answersAnything))
                }
            }
            .bind(host: host, port: 0).get()
        do {
            let value = try await body(RawServer(port: channel.localAddress!.port!, log: log))
            try await channel.close()
            return value
        } catch {
            try? await channel.close()
            throw error
        }
    }

    fileprivate final class Log: Sendable {
        struct State {
            var requests: [Request] = []
            var connections = 0
            var open = 0
        }
        let state = Mutex(State())
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let log: Log
        private let script: Script
        private var bytes: [UInt8] = []
        private var connection = 0

        private let answersAnything: Bool

        init(log: Log, script: @escaping Script, answersAnything: Bool) {
            (self.log, self.script, self.answersAnything) = (log, script, answersAnything)
        }

        func channelActive(context: ChannelHandlerContext) {
            connection = log.state.withLock { state in
                state.connections += 1
                state.open += 1
                return state.connections
            }
        }

        func channelInactive(context: ChannelHandlerContext) { log.state.withLock { $0.open -= 1 } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            while let request = next() {
                let number = log.state.withLock { state in
                    state.requests.append(request)
                    return state.requests.count
                }
                let answer = script(request, number)
                let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer.bytes)))
                if answer.drips { drip(context) }
                if answer.resets, let socket = context.channel as? any SocketOptionProvider {
                    _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                }
                if answer.closes {
                    written.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
                    return
                }
            }
        }

        private func drip(_ context: ChannelHandlerContext) {
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
                guard context.channel.isActive else { return }
                context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: "x")), promise: nil)
                self.drip(context)
            }
        }

        private func next() -> Request? {
            if answersAnything, !bytes.isEmpty {
                defer { bytes = [] }
                return Request(head: "", body: bytes, connection: connection)
            }
            guard let end = bytes.firstRange(of: "\r\n\r\n".utf8) else { return nil }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            var request = Request(head: head, body: [], connection: connection)
            let length = request.header("content-length").first.flatMap { Int($0) } ?? 0
            guard bytes.count - end.upperBound >= length else { return nil }
            request.body = Array(bytes[end.upperBound..<(end.upperBound + length)])
            bytes.removeFirst(end.upperBound + length)
            return request
        }
    }
}
#endif
