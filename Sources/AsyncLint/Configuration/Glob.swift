#if Lint
/// A path pattern: `*` and `?` stay within a folder, `**` crosses folders. A pattern without a slash matches a file or folder of
/// that name anywhere; one that matches a folder matches everything below it.
struct Glob: Sendable {
    private let parts: [[Character]]

    init(_ pattern: String) {
        var text = Substring(pattern)
        if text.hasPrefix("./") { text = text.dropFirst(2) }
        if text.hasSuffix("/") { text = text.dropLast() }
        let anywhere = !text.contains("/")
        parts = (anywhere ? [["*", "*"]] : []) + text.split(separator: "/").map(Array.init)
    }

    func matches(_ path: String) -> Bool {
        let components = path.split(separator: "/").map(Array.init)
        return matches(parts[...], components[...])
    }

    private func matches(_ parts: ArraySlice<[Character]>, _ path: ArraySlice<[Character]>) -> Bool {
        guard let part = parts.first else { return true }
        if part == ["*", "*"] {
            if parts.count == 1 { return true }
            return path.indices.contains { matches(parts.dropFirst(), path[$0...]) }
        }
        guard let component = path.first, Self.matches(part[...], component[...]) else { return false }
        return matches(parts.dropFirst(), path.dropFirst())
    }

    private static func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return matches(pattern.dropFirst(), text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
        }
        guard let character = text.first, first == "?" || first == character else { return false }
        return matches(pattern.dropFirst(), text.dropFirst())
    }
}
#endif
