#if HTTP
import Foundation

/// An absolute HTTP URL, read once and in one place: where a call goes, and how its URL goes on the wire.
///
/// What may stand in a URL (RFC 3986) stays as it is, percent-encoded triplets too; every other character of path and
/// query, and a `%` without two hexadecimal digits behind it, is percent-encoded on its own. User and password do not go on
/// the wire in the URL (RFC 9110 §4.2.4), a fragment not at all.
package struct HTTPAddress: Hashable, Sendable {
    /// Why a text is no address. The text itself is not repeated: it may hold secrets.
    package enum Problem: Error, Hashable, CustomStringConvertible {
        case notAbsolute
        case scheme(String)
        case noHost
        case host
        case port

        package var description: String {
            switch self {
            case .notAbsolute: "its URL is not absolute; it should begin with http:// or https://"
            case .scheme(let scheme): "the scheme '\(scheme)' is not supported; use http or https"
            case .noHost: "its URL names no host"
            case .host: "its URL names a host that cannot be one"
            case .port: "its URL names a port that there is not; ports are 1 to 65535"
            }
        }
    }

    /// `http` or `https`.
    package let scheme: String
    /// The host as it stands in the URL, without the brackets of an IPv6 address.
    package let name: String
    /// The port, if the URL has one.
    package let port: Int?
    /// Path and query as they are sent.
    package let target: String
    /// `host:port` in lower case.
    package let host: String
    /// The value of `Authorization` that user and password make.
    package let credentials: String?

    /// Reads `text`.
    package init(_ text: String) throws(Problem) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(bytes[..<colon]) else {
            throw .notAbsolute
        }
        scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        guard scheme == "http" || scheme == "https" else { throw .scheme(scheme) }
        guard bytes[colon...].starts(with: "://".utf8) else { throw .notAbsolute }
        let start = colon + 3
        let end = bytes[start...].firstIndex(where: Self.endsAuthority) ?? bytes.endIndex
        let authority = try Authority(bytes[start..<end])
        name = authority.host
        port = authority.port
        credentials = authority.credentials
        target = Self.encoded(bytes[end...])
        let number = authority.port ?? (scheme == "http" ? 80 : 443)
        if authority.isPlain {
            host = "\(Self.bracketed(name).lowercased()):\(number)"
        } else {
            // A name in other letters, or in triplets: what it stands for is Foundation's to say.
            guard let read = URL(string: "\(scheme)://\(name)")?.host, !read.isEmpty else { throw .host }
            host = "\(read.lowercased()):\(number)"
        }
    }

    /// The URL as it is sent.
    package var url: String { site + target }

    /// Everything before the path.
    package var site: String { "\(scheme)://\(authority)" }

    /// Host and, if the URL has one, port.
    package var authority: String { Self.bracketed(name) + (port.map { ":\($0)" } ?? "") }

    private static func bracketed(_ name: String) -> String { name.contains(":") ? "[\(name)]" : name }

    private static func isScheme(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, isLetter(first) else { return false }
        return bytes.allSatisfy { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool { "/?#".utf8.contains(byte) }

    /// Path and query with every character that may not stand there percent-encoded; without the fragment.
    private static func encoded(_ bytes: ArraySlice<UInt8>) -> String {
        let text = encoded(reference: bytes)
        return text.utf8.first == UInt8(ascii: "/") ? text : "/" + text
    }

    /// The same of a reference that is relative to another URL.
    static func encoded(reference text: String) -> String { encoded(reference: Array(text.utf8)[...]) }

    private static func encoded(reference bytes: ArraySlice<UInt8>) -> String {
        let shown = bytes.prefix { $0 != UInt8(ascii: "#") }
        var result: [UInt8] = []
        result.reserveCapacity(shown.count + 1)
        for index in shown.indices {
            let byte = shown[index]
            let stays =
                byte == UInt8(ascii: "%")
                ? index + 2 < shown.endIndex && hexValue(shown[index + 1]) != nil && hexValue(shown[index + 2]) != nil
                : legal[Int(byte)]
            if stays {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// `pchar`, `/` and `?` of RFC 3986, by byte.
    private static let legal = (0...255).map { (byte: UInt8) in
        isLetter(byte) || isDigit(byte) || "-._~!$&'()*+,;=:@/?".utf8.contains(byte)
    }

    fileprivate static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    fileprivate static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// `text` with its triplets decoded, as bytes.
    package static func decoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hexValue(bytes[index + 1]),
                let low = hexValue(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}

/// `[user[:password]@]host[:port]`.
private struct Authority {
    var credentials: String?
    var host: String
    var port: Int?
    /// Whether the host holds nothing that could be read in two ways.
    var isPlain: Bool

    init(_ bytes: ArraySlice<UInt8>) throws(HTTPAddress.Problem) {
        var place = bytes
        if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
            place = bytes[(at + 1)...]
            credentials = Self.basic(bytes[..<at])
        }
        var name = place
        var number = place[place.endIndex...]
        if place.first == UInt8(ascii: "[") {
            guard let bracket = place.firstIndex(of: UInt8(ascii: "]")) else { throw .host }
            name = place[...bracket]
            let rest = place[(bracket + 1)...]
            guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { throw .host }
            number = rest.dropFirst()
            isPlain = true
            guard name.dropFirst().dropLast().allSatisfy(Self.isOfAddress) else { throw .host }
        } else {
            if let colon = place.firstIndex(of: UInt8(ascii: ":")) {
                name = place[..<colon]
                number = place[(colon + 1)...]
                // An IPv6 address without brackets: where the port begins, nobody can say.
                guard !number.contains(UInt8(ascii: ":")) else { throw .host }
            }
            guard !name.contains(where: Self.cannotStandInHost) else { throw .host }
            isPlain = name.allSatisfy { HTTPAddress.isLetter($0) || HTTPAddress.isDigit($0) || "-._".utf8.contains($0) }
        }
        guard !name.isEmpty, name.count != 2 || name.first != UInt8(ascii: "[") else { throw .noHost }
        host = String(decoding: name, as: UTF8.self)
        if host.utf8.first == UInt8(ascii: "[") { host = String(host.dropFirst().dropLast()) }
        guard !number.isEmpty else { return }
        guard number.count <= 10, number.allSatisfy(HTTPAddress.isDigit),
            let value = Int(String(decoding: number, as: UTF8.self)), (1...65_535).contains(value)
        else { throw .port }
        port = value
    }

    /// RFC 7617. A user without a colon has an empty password.
    private static func basic(_ bytes: ArraySlice<UInt8>) -> String {
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        let pair =
            HTTPAddress.decoded(bytes[..<colon]) + [UInt8(ascii: ":")]
            + HTTPAddress.decoded(bytes[colon...].dropFirst())
        return "Basic \(Data(pair).base64EncodedString())"
    }

    private static func isOfAddress(_ byte: UInt8) -> Bool {
        HTTPAddress.hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    /// Controls, blanks, and what other readers of URLs take for the end of the host.
    private static func cannotStandInHost(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || "\"<>\\^`{|}[]".utf8.contains(byte)
    }
}
#endif
