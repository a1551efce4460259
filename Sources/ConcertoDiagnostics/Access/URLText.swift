#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// URLs as they may be shown: without who logs in, and without what signs a request or says it is a secret.
package enum URLText {
    /// A URL with `REDACTED` in place of secrets.
    package static func redacted(_ url: String) -> String {
        var rest = url[...]
        var result = ""
        if let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
            // A password may hold an `@`: the last one before the path ends it.
            if let at = rest[..<end].lastIndex(of: "@") {
                result += rest[..<at].contains(":") ? "REDACTED:REDACTED@" : "REDACTED@"
                rest = rest[rest.index(after: at)...]
            }
        }
        guard let mark = rest.firstIndex(of: "?") else { return result + rest }
        let fragment = rest[mark...].firstIndex(of: "#") ?? rest.endIndex
        result += rest[...mark]
        result += rest[rest.index(after: mark)..<fragment].split(separator: "&", omittingEmptySubsequences: false).map {
            pair in
            guard let equals = pair.firstIndex(of: "="), isSecret(pair[..<equals]) else { return String(pair) }
            return pair[...equals] + "REDACTED"
        }.joined(separator: "&")
        return result + rest[fragment...]
    }

    /// A text in which URLs may stand, with none of their secrets.
    package static func redacted(in text: String) -> String {
        guard hasScheme(text) else { return text }
        // A URL ends where a text goes on.
        var result = ""
        var word = ""
        func shown(_ word: String) -> String { hasScheme(word) ? redacted(word) : word }
        for character in text {
            if character.isWhitespace || "\"'<>`".contains(character) {
                result += shown(word)
                result.append(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + shown(word)
    }

    /// Nearly every text has none: this is asked of each row, each second.
    private static func hasScheme(_ text: String) -> Bool {
        let hasColon = text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, Int32(UInt8(ascii: ":")), bytes.count) != nil } ?? false
        }
        if hasColon == false { return false }
        var slashes = -1
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: ":"): slashes = 0
            case UInt8(ascii: "/") where slashes >= 0:
                slashes += 1
                if slashes == 2 { return true }
            default: slashes = -1
            }
        }
        return false
    }

    private static let keys: Set<String> = [
        "x-amz-signature", "x-amz-credential", "x-amz-security-token", "awsaccesskeyid", "signature", "sig",
        "x-goog-signature", "key", "api_key", "apikey", "api-key", "token", "access_token", "refresh_token", "id_token",
        "auth", "authorization", "password", "passwd", "pwd", "secret", "client_secret", "code",
    ]

    private static func isSecret(_ key: Substring) -> Bool { keys.contains(key.lowercased()) }
}
