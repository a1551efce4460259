#if HTTP
import Foundation
import NIOHTTP1

/// One call's way from redirect to redirect.
struct Redirects: Sendable {
    static let statuses: Set<Int> = [301, 302, 303, 307, 308]

    private let rule: RedirectRule
    private var followed = 0
    /// Method and URL of every request of the way. A POST that is sent on to its own URL by GET makes no circle.
    private var visited: Set<String> = []

    init(_ rule: RedirectRule) { self.rule = rule }

    /// The call that `reply` to `call` asks for; `nil` if it is no redirect.
    mutating func next(after reply: HTTPReply, to call: HTTPCall) throws(HTTPFailure) -> HTTPCall? {
        guard Self.statuses.contains(reply.status), let location = reply.headers.first(name: "location")
        else { return nil }
        let (url, address) = try target(location, of: call)
        guard followed < rule.limit else {
            throw failure(call, "more than \(rule.limit) redirects, one after the other")
        }
        var next = call
        next.url = url
        next.host = address.host
        if becomesGet(call.method, reply.status) {
            next.method = "GET"
            next.body = nil
            next.headers.removeAll { $0.name.lowercased().hasPrefix("content-") || $0.name.lowercased() == "expect" }
        }
        if Self.origin(call) != Self.origin(next) {
            next.headers.removeAll { header in
                let name = header.name.lowercased()
                return name == "host" || name == "origin" || rule.secretHeaders.contains(name)
                    || HeaderRules.isSecret(name)
            }
        }
        visited.insert("\(call.method) \((try? HTTPAddress(call.url))?.url ?? call.url)")
        guard !visited.contains("\(next.method) \(address.url)") else {
            throw failure(call, "the redirects go round in a circle")
        }
        followed += 1
        return next
    }

    /// - Returns: The URL, with the user and password that the server may have put in it, and where it goes.
    private func target(_ location: String, of call: HTTPCall) throws(HTTPFailure) -> (String, HTTPAddress) {
        guard let base = (try? HTTPAddress(call.url)).flatMap({ URL(string: $0.url) }),
            let url = Self.resolve(location.trimmingCharacters(in: .whitespaces), base)
        else { throw failure(call, "the Location is no URL") }
        do {
            return (url, try HTTPAddress(url))
        } catch {
            switch error {
            case .scheme(let scheme):
                throw failure(call, "the scheme '\(scheme.prefix(20))' is not followed; http and https are")
            case .port: throw failure(call, "the Location names a port that there is not")
            default: throw failure(call, "the Location is no URL that can be called")
            }
        }
    }

    /// RFC 3986 §5.2, with the reference's own characters encoded as ``HTTPAddress`` does: a `Location` is seldom clean.
    private static func resolve(_ location: String, _ base: URL) -> String? {
        if location.isEmpty { return nil }
        if let colon = location.utf8.firstIndex(of: UInt8(ascii: ":")), isScheme(location.utf8[..<colon]) {
            return location
        }
        if location.hasPrefix("//") { return "\(base.scheme ?? "http"):\(location)" }
        return URL(string: HTTPAddress.encoded(reference: location), relativeTo: base)?.absoluteString
    }

    private static func isScheme(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A else { return false }
        return bytes.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || "+-.".utf8.contains($0)
        }
    }

    private func becomesGet(_ method: String, _ status: Int) -> Bool {
        switch status {
        case 303: method != "HEAD" && method != "GET"
        case 301, 302: method == "POST"
        default: false
        }
    }

    private static func origin(_ call: HTTPCall) -> String {
        guard let address = try? HTTPAddress(call.url) else { return "" }
        return address.url.prefix { $0 != ":" }.lowercased() + " " + address.host
    }

    private func failure(_ call: HTTPCall, _ reason: String) -> HTTPFailure {
        HTTPFailure(.redirect, mayHaveBeenSent: true, "the redirect of \(call.host) can't be followed: \(reason)")
    }
}
#endif
