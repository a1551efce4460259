#if HTTP
/// Which names and values may go into a request's head (RFC 9110 §5), and which may be shown to people.
public enum HeaderRules {
    /// Headers whose values are secret wherever they appear, in lower case: the commonest; ``isSecret(_:)`` knows the rest.
    public static let secretNames: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key",
    ]

    /// What makes a name secret wherever it stands in it.
    private static let secretParts = [
        "authorization", "authentication", "token", "secret", "password", "passwd", "passphrase", "cookie",
        "credential",
        "apikey", "signature", "session", "jwt", "bearer",
    ]

    /// What makes a name secret as a word of its own, or as its end: `Ocp-Apim-Subscription-Key`, `X-Accesskey`.
    private static let secretWords: Set<String> = ["auth", "key", "pwd", "pass", "sig", "sid"]

    /// Names that look secret and are not: what they carry says which call or which entry it is.
    private static let openNames: Set<String> = [
        "idempotency-key", "surrogate-key", "cache-key", "x-cache-key", "partition-key", "routing-key",
        "www-authenticate", "proxy-authenticate",
    ]

    /// Whether a header of this name, in any case, carries a secret: by pattern, so that the key of a service that nobody
    /// here has heard of is one too.
    public static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        if secretNames.contains(name) { return true }
        if openNames.contains(name) { return false }
        if secretParts.contains(where: name.contains) || name.hasSuffix("key") { return true }
        return name.split(whereSeparator: { $0 == "-" || $0 == "_" || $0 == "." })
            .contains { secretWords.contains(String($0)) }
    }

    /// Whether `text` is a token: a method or a header's name.
    public static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// What is wrong with a header, or `nil`. Neither the value is repeated nor a name that is none: they may be secrets.
    public static func problem(name: String, value: String) -> String? {
        guard isToken(name) else {
            return "a header's name is empty or holds a character that no name may hold, a blank or a colon perhaps"
        }
        // CR and LF would let a value begin a header, or a request, of its own.
        guard !value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else {
            return "the value of the header '\(name)' holds a line break or a NUL; remove it"
        }
        guard !value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else {
            return "the value of the header '\(name)' holds a control character; remove it"
        }
        return nil
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
#endif
