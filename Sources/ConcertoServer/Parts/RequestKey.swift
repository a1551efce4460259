#if Server
public import Hummingbird
import Foundation
import HTTPTypes
import NIOCore

/// By what requests are told apart where each client has a limit of its own.
public struct RequestKey: Sendable {
    let key: @Sendable (Request) -> String?

    /// A key of your own; `nil` for requests that are not limited.
    public init(_ key: @escaping @Sendable (Request) -> String?) {
        self.key = key
    }

    /// The client's address; IPv6 addresses by their first 64 bits, which one client has to itself.
    ///
    /// - Parameter trustedHops: How many proxies of your own stand before the server. The address that the outermost of
    ///   them saw counts, by `X-Forwarded-For`; what stands left of it was written by anybody.
    public static func peer(trustedHops: Int = 0) -> RequestKey {
        RequestKey { request in
            let direct = RequestScope.current.remoteAddress?.ipAddress
            guard trustedHops > 0, let name = HTTPField.Name("X-Forwarded-For") else { return direct.map(network) }
            let seen = request.headers[values: name].flatMap { $0.split(separator: ",") }
            guard seen.count >= trustedHops else { return direct.map(network) }
            return network(trimmed(seen[seen.count - trustedHops]))
        }
    }

    /// A header's value: an API key. Requests without it share one limit.
    public static func header(_ name: String) -> RequestKey {
        let name = HTTPField.Name(name)
        return RequestKey { request in name.flatMap { request.headers[$0] } ?? "" }
    }

    /// Everybody together.
    public static var everybody: RequestKey { RequestKey { _ in "" } }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: { $0 == " " }).prefix(while: { $0 != " " }))
    }

    private static func network(_ address: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard address.contains(":"), inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
    }
}
#endif
