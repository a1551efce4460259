#if Observability
/// A URL as it may be shown: without who logs in, and without what signs a request.
///
/// Keys of signatures are OpenTelemetry's list; keys that say they are secret are redacted too.
public struct RedactedURL: Sendable, Hashable, CustomStringConvertible {
    /// The URL with `REDACTED` in place of secrets.
    public let description: String

    /// Takes the secrets out of a URL.
    public init(_ url: String) {
        var rest = url[...]
        var result = ""
        if let scheme = rest.range(of: "://") {
            result += rest[..<scheme.upper]
            rest = rest[scheme.upper...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
            // A password may hold an `@`: the last one before the path ends it.
            if let at = rest[..<end].lastIndex(of: "@") {
                result += rest[..<at].contains(":") ? "REDACTED:REDACTED@" : "REDACTED@"
                rest = rest[rest.index(after: at)...]
            }
        }
        guard let mark = rest.firstIndex(of: "?") else {
            description = result + rest
            return
        }
        let fragment = rest[mark...].firstIndex(of: "#") ?? rest.endIndex
        result += rest[...mark]
        result += rest[rest.index(after: mark)..<fragment].split(separator: "&", omittingEmptySubsequences: false).map {
            pair in
            guard let equals = pair.firstIndex(of: "="), Self.isSecret(pair[..<equals]) else { return String(pair) }
            return pair[...equals] + "REDACTED"
        }.joined(separator: "&")
        description = result + rest[fragment...]
    }

    private static let keys: Set<String> = [
        "x-amz-signature", "x-amz-credential", "x-amz-security-token", "awsaccesskeyid", "signature", "sig",
        "x-goog-signature", "key", "api_key", "apikey", "api-key", "token", "access_token", "refresh_token", "id_token",
        "auth", "authorization", "password", "passwd", "pwd", "secret", "client_secret", "code",
    ]

    private static func isSecret(_ key: Substring) -> Bool { keys.contains(key.lowercased()) }
}

extension Substring {
    /// Where a short text stands first.
    fileprivate func range(of text: String) -> (lower: Index, upper: Index)? {
        var place = startIndex
        while place < endIndex {
            if self[place...].hasPrefix(text) { return (place, index(place, offsetBy: text.count)) }
            place = index(after: place)
        }
        return nil
    }
}
#endif
