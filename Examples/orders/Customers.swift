#if CLI
import ConcertoHTTP
import ConcertoServer
import Foundation
import NIOCore

/// The names of customers, which another service knows that is often slow, busy or gone.
struct Customers: Sendable {
    /// Names stay for a minute, are loaded anew before that while somebody asks, and for an hour stand in when loading fails.
    let names: LoadingCache<Int, String>
    private let transport: AsyncHTTPClientTransport

    init(_ base: String) throws {
        let transport = try AsyncHTTPClientTransport(options: HTTPTransportOptions())
        self.transport = transport
        var options = ResilientHTTPClientOptions()
        options.timeout = .seconds(1)
        options.totalTimeout = .seconds(2)
        options.maxRetries = 4
        options.backoff = .exponential(base: .milliseconds(50), cap: .milliseconds(500))
        options.maxRetryAfter = .seconds(1)
        // It is told how long the answer is wanted, and need not go on after that.
        options.deadlineHeader = "x-request-timeout-ms"
        let client = try ResilientHTTPClient(transport: transport, options: options)
        var cache = CacheOptions()
        cache.timeToLive = .seconds(60)
        cache.refreshAfter = 0.8
        cache.staleOnError = .seconds(3_600)
        cache.loadLimit = .seconds(3)
        names = LoadingCache("customers", cache) { id in
            let reply = try await client.execute(HTTPCall(url: "\(base)/users/\(id)"))
            guard reply.status == 200 else { throw UpstreamError(status: reply.status) }
            return try JSONDecoder().decode(Customer.self, from: Data(reply.body.readableBytesView)).name
        }
    }

    func shutDown() async { try? await transport.shutdown() }

    private struct Customer: Decodable { var name: String }
}

/// The other service has answered, but not with a customer.
struct UpstreamError: Error {
    let status: Int
}
#endif
