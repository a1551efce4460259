#if Exporters
import ConcertoDiagnostics

/// Who may ask a server of this process.
struct AccessRule: Sendable {
    /// What the server listens on.
    var port: Int
    /// What a request must show, unless nobody needs to.
    var token: String?

    /// Why a request is refused: the status; `nil` if it is not.
    ///
    /// A page of another origin can make a browser ask a name that leads to this machine: such a request has that name as
    /// its host. Whoever has the token is no such page.
    func refusal(host: String?, authorization: String?) -> Int? {
        if let token {
            return AccessToken(token).isShown(in: authorization) ? nil : 401
        }
        guard let host else { return 403 }
        return ["127.0.0.1", "[::1]", "localhost"].contains { host.lowercased() == "\($0):\(port)" } ? nil : 403
    }

    /// Whether an address reaches this machine only.
    static func isLoopback(_ address: String) -> Bool {
        address == "localhost" || address == "::1"
            || (address.hasPrefix("127.") && address.split(separator: ".").count == 4)
    }
}
#endif
