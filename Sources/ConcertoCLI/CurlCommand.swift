#if CLI
import ArgumentParser
import Foundation

/// What a command of curl says of a call: what browsers and documentation hand out as "copy as cURL".
struct CurlCommand {
    var url = ""
    var method: String?
    var headers: [(name: String, value: String)] = []
    var body: (text: String, isFile: Bool)?
    var insecure = false
    var followsRedirects = false

    /// Options without a value that say nothing about a call, or what is the case anyway.
    private static let ignored: Set<String> = [
        "-s", "--silent", "-S", "--show-error", "-v", "--verbose", "-i", "--include", "--compressed", "-f", "--fail",
        "--http1.1", "-g", "--globoff", "-N", "--no-buffer",
    ]

    /// - Throws: `ValidationError` that names what can't be taken over.
    init(_ text: String) throws {
        var words = try Self.words(text)[...]
        if words.first == "curl" { words.removeFirst() }
        var data: [String] = []
        var inQuery = false
        words =
            words.flatMap { word -> [String] in
                // Letters that stand for flags may stand together.
                guard word.wholeMatch(of: /-[sSvifgNkLG]{2,}/) != nil else { return [word] }
                return word.dropFirst().map { "-\($0)" }
            }[...]
        while let word = words.popFirst() {
            func value() throws -> String {
                guard let value = words.popFirst() else {
                    throw ValidationError("--from-curl: \(word) wants a value, and the command ends there")
                }
                return value
            }
            switch word {
            case "-X", "--request": method = try value()
            case "-H", "--header":
                let header = try value()
                guard let colon = header.firstIndex(of: ":") else {
                    throw ValidationError(
                        "--from-curl: a header has no colon (its text is not shown, it may be a secret)")
                }
                let value = header[header.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                headers.append((String(header[..<colon]), value))
            case "-d", "--data", "--data-ascii", "--data-raw", "--data-binary":
                let value = try value()
                guard value.hasPrefix("@"), word != "--data-raw" else {
                    data.append(value)
                    continue
                }
                body = (String(value.dropFirst()), true)
            case "--json":
                data.append(try value())
                headers += [("Content-Type", "application/json"), ("Accept", "application/json")]
            case "-G", "--get": inQuery = true
            case "-u", "--user":
                let encoded = Data(try value().utf8).base64EncodedString()
                headers.append(("Authorization", "Basic \(encoded)"))
            case "-A", "--user-agent": headers.append(("User-Agent", try value()))
            case "-e", "--referer": headers.append(("Referer", try value()))
            case "-b", "--cookie": headers.append(("Cookie", try value()))
            case "-k", "--insecure": insecure = true
            case "-L", "--location": followsRedirects = true
            case "--url": url = try value()
            case "-o", "--output", "-m", "--max-time", "--connect-timeout", "--retry": _ = try value()
            case _ where Self.ignored.contains(word): break
            case _ where word.hasPrefix("-X") && word.count > 2: method = String(word.dropFirst(2))
            case _ where word.hasPrefix("-"):
                // Behind one letter its value may stand, such as a password.
                let name = word.hasPrefix("--") ? word.prefix { $0 != "=" } : word.prefix(2)
                throw ValidationError(
                    "--from-curl: \(name) is not understood; leave it out, or say it with options of "
                        + "concerto batch")
            default:
                guard url.isEmpty else {
                    throw ValidationError("--from-curl: there is more than one URL; a call has one")
                }
                url = word
            }
        }
        guard !url.isEmpty else { throw ValidationError("--from-curl: there is no URL in the command") }
        if !url.contains("://"), !url.hasPrefix("{") { url = "http://" + url }
        guard !data.isEmpty else { return }
        let joined = data.joined(separator: "&")
        if inQuery {
            url += (url.contains("?") ? "&" : "?") + joined
            return
        }
        body = (joined, false)
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        }
    }

    /// Words as a POSIX shell reads them, and `$'…'` as browsers write it.
    static func words(_ text: String) throws -> [String] {
        var words: [String] = []
        var word: String?
        var rest = Array(text)[...]
        while let character = rest.popFirst() {
            switch character {
            case "'":
                word = (word ?? "") + (try quoted(&rest))
            case "\"":
                var part = ""
                while true {
                    guard let next = rest.popFirst() else { throw openQuote }
                    if next == "\"" { break }
                    if next == "\\", let escaped = rest.first, "\"\\$`\n".contains(escaped) {
                        rest.removeFirst()
                        if escaped != "\n" { part.append(escaped) }
                    } else {
                        part.append(next)
                    }
                }
                word = (word ?? "") + part
            case "$" where rest.first == "'":
                rest.removeFirst()
                word = (word ?? "") + (try escaped(&rest))
            case "\\":
                guard let next = rest.popFirst() else { continue }
                if next != "\n", next != "\r\n" { word = (word ?? "") + String(next) }
            case _ where character.isWhitespace:
                if let complete = word { words.append(complete) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    private static let openQuote = ValidationError("--from-curl: a quote is not closed")

    private static func quoted(_ rest: inout ArraySlice<Character>) throws -> String {
        guard let end = rest.firstIndex(of: "'") else { throw openQuote }
        defer { rest = rest[(end + 1)...] }
        return String(rest[..<end])
    }

    private static func escaped(_ rest: inout ArraySlice<Character>) throws -> String {
        var part = ""
        while let next = rest.popFirst() {
            guard next != "'" else { return part }
            guard next == "\\" else {
                part.append(next)
                continue
            }
            guard let code = rest.popFirst() else { throw openQuote }
            switch code {
            case "n": part.append("\n")
            case "r": part.append("\r")
            case "t": part.append("\t")
            case "u", "x":
                let digits = String(rest.prefix(code == "u" ? 4 : 2))
                guard let number = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(number) else {
                    throw ValidationError("--from-curl: \\\(code)\(digits) is no character")
                }
                rest = rest.dropFirst(digits.count)
                part.unicodeScalars.append(scalar)
            default: part.append(code)
            }
        }
        throw openQuote
    }
}
#endif
