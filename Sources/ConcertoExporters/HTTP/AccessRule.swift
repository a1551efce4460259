#if Exporters
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
            let shown = authorization.flatMap { Self.bearer($0) } ?? ""
            return Self.isEqual(shown, token) ? nil : 401
        }
        guard let host else { return 403 }
        return ["127.0.0.1", "[::1]", "localhost"].contains { host.lowercased() == "\($0):\(port)" } ? nil : 403
    }

    private static func bearer(_ header: String) -> String? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1].trimmed
    }

    /// Takes as long for a token that is nearly right as for one that is not: time would tell how much of it is.
    static func isEqual(_ left: String, _ right: String) -> Bool {
        let right = Array(right.utf8)
        var difference = left.utf8.count ^ right.count
        for (place, byte) in left.utf8.enumerated() {
            difference |= Int(byte ^ (right.isEmpty ? 0 : right[place % right.count]))
        }
        return difference == 0
    }

    /// Whether an address reaches this machine only.
    static func isLoopback(_ address: String) -> Bool {
        address == "localhost" || address == "::1"
            || (address.hasPrefix("127.") && address.split(separator: ".").count == 4)
    }
}
#endif
