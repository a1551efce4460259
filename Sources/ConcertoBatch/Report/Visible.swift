#if Batch
/// Text of rows and servers as a terminal may get it.
public enum Visible {
    /// `text` on one line, with every control character (C0, DEL, C1, and those that turn the direction of writing) spelt
    /// out: an id must not set a terminal's title, or break a list.
    public static func text(_ text: some StringProtocol) -> String { escaped(text) { _ in false } }

    /// A URL, or a template of one, without what is secret in it by its place or name.
    public static func url(_ url: String) -> String { URLSecrets.masked(url) }

    /// The same for a text of several lines, whose line breaks and tabs stay.
    public static func lines(_ text: some StringProtocol) -> String { escaped(text) { $0 == "\n" || $0 == "\t" } }

    private static func escaped(_ text: some StringProtocol, _ stays: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) && !stays($0) }) else { return String(text) }
        var result = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) && !stays(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
#endif
