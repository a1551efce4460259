#if Server
import Foundation
import NIOCore
import NIOPosix
import TestSupport

/// A client that says and does to a server what a well-behaved one never would.
struct RawClient {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    init(port: Int, tls: Bool = false) async throws {
        try await self.init(try SocketAddress(ipAddress: "127.0.0.1", port: port), tls: tls)
    }

    init(_ address: SocketAddress, tls: Bool = false) async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls { try channel.pipeline.syncOperations.addHandler(TestCertificate.client(["http/1.1"])) }
                    return try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    /// A connection of its own, on which `body` sends and reads.
    static func with<T: Sendable>(
        port: Int, tls: Bool = false, _ body: @Sendable (inout Talk) async throws -> T
    ) async throws -> T {
        try await RawClient(port: port, tls: tls).talk(body)
    }

    /// What is said and read on the connection, which is closed then.
    func talk<T: Sendable>(_ body: @Sendable (inout Talk) async throws -> T) async throws -> T {
        try await channel.executeThenClose { inbound, outbound in
            var talk = Talk(channel: channel.channel, inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&talk)
        }
    }

    struct Talk {
        let channel: any Channel
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        var received = ""

        func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        /// Reads until what has come since the last call contains `mark`; returns that.
        mutating func read(until mark: String) async throws -> String {
            while !received.contains(mark) {
                guard let buffer = try await inbound.next() else { break }
                received += String(buffer: buffer)
            }
            defer { received = "" }
            return received
        }

        /// Reads until the server has nothing more to say.
        mutating func readToEnd() async -> String {
            do {
                while let buffer = try await inbound.next() { received += String(buffer: buffer) }
            } catch {}
            defer { received = "" }
            return received
        }

        /// FIN: the client will send nothing more.
        func finish() { outbound.finish() }

        /// FIN and gone.
        func close() async { try? await channel.close() }

        /// RST.
        func reset() async throws {
            if let socket = channel as? any SocketOptionProvider {
                try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            try? await channel.close()
        }
    }
}
#endif
