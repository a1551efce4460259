#if Batch
import ConcertoHTTP

/// What in the text of a URL is secret: a user and a password, and the values of parameters with a secret's name.
///
/// Works on text, not on a parsed URL: a template has placeholders, and a header may hold anything.
enum URLSecrets {
    /// What stands where a secret stood.
    static let mask = "(secret)"

    /// `text` with every secret in it replaced.
    static func masked(_ text: String, by mask: String = mask) -> String {
        guard text.contains("@") || text.contains("=") else { return text }
        var shown = text[...]
        var result = ""
        // More than one URL may stand in a header.
        while let start = shown.firstRange(of: "://")?.upperBound {
            result += shown[..<start]
            shown = shown[start...]
            let authority = shown.prefix { !"/?# ,".contains($0) }
            guard let at = authority.lastIndex(of: "@") else { continue }
            result += mask
            shown = shown[at...]
        }
        return query(result + shown, mask)
    }

    /// A header's pattern, and the name that a weather service made popular.
    private static func isSecret(_ name: Substring) -> Bool {
        HeaderRules.isSecret(String(name)) || name.lowercased() == "appid"
    }

    private static func query(_ text: String, _ mask: String) -> String {
        guard let mark = text.firstIndex(of: "?") else { return text }
        var result = String(text[...mark])
        var rest = text[text.index(after: mark)...]
        while !rest.isEmpty {
            let pair = rest.prefix { !"&;#, ".contains($0) }
            rest = rest[pair.endIndex...]
            if let equals = pair.firstIndex(of: "="), equals < pair.index(before: pair.endIndex),
                isSecret(pair[..<equals])
            {
                result += pair[...equals] + mask
            } else {
                result += pair
            }
            if let separator = rest.popFirst() { result.append(separator) }
        }
        return result
    }
}
#endif
