#if HTTP
/// Which names and values may go into a request's head (RFC 9110 §5), and which may be shown to people.
public enum HeaderRules {
    /// Headers whose values are secret wherever they appear, in lower case.
    public static let secretNames: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key",
    ]

    /// Whether `text` is a token: a method or a header's name.
    public static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// What is wrong with a header, or `nil`. The value is never repeated: it may be a secret.
    public static func problem(name: String, value: String) -> String? {
        guard isToken(name) else { return "'\(name)' is no header name" }
        // CR and LF would let a value begin a header, or a request, of its own.
        guard !value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else {
            return "the value of the header '\(name)' holds a line break or a NUL; remove it"
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
