#if Exporters
import ConcertoDiagnostics
import NIOCore

/// Who may ask a server of this process.
struct AccessRule: Sendable {
    private let token: AccessToken?
    /// What a request of this machine has as its host, in lower case.
    private let hosts: Set<String>

    /// - Parameters:
    ///   - port: What the server listens on.
    ///   - token: What a request must show, unless nobody needs to.
    ///   - addresses: What the server was told to listen on, and does: names of this machine like the usual ones.
    init(port: Int, token: String?, addresses: [String] = []) {
        self.token = token.map { AccessToken($0) }
        let names = ["127.0.0.1", "[::1]", "localhost"] + addresses.map { $0.contains(":") ? "[\($0)]" : $0 }
        // Nobody writes the port that is the usual one.
        hosts = Set((names.map { "\($0):\(port)" } + (port == 80 ? names : [])).map { $0.lowercased() })
    }

    /// Why a request is refused: the status; `nil` if it is not.
    ///
    /// A page of another origin can make a browser ask a name that leads to this machine: such a request has that name as
    /// its host. Whoever has the token is no such page.
    func refusal(host: String?, authorization: String?) -> Int? {
        if let token { return token.isShown(in: authorization) ? nil : 401 }
        return host.map { hosts.contains($0.lowercased()) } == true ? nil : 403
    }

    /// Whether an address that somebody has written reaches this machine only. A name but `localhost` is none: whoever
    /// answers for names says where it leads.
    static func isLoopback(_ address: String) -> Bool {
        if address == "localhost" { return true }
        guard let address = try? SocketAddress(ipAddress: address, port: 0) else { return false }
        return isLoopback(address)
    }

    /// Whether an address reaches this machine only.
    static func isLoopback(_ address: SocketAddress?) -> Bool {
        // As the system writes it, however it was written.
        switch address {
        case .v4: address?.ipAddress?.hasPrefix("127.") == true
        case .v6: address?.ipAddress == "::1"
        default: false
        }
    }
}
#endif
