#if HTTP
import Foundation
import NIOHTTP1

/// What servers say of their limits besides `Retry-After`, under the names that are in use: `retry-after-ms`, `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers, the list of 10 and the members of earlier drafts), `ratelimit-*`, `x-ratelimit-*`,
/// `anthropic-ratelimit-*`.
///
/// A limit that says what cannot be, a negative number say, is left out.
enum RateHeaders {
    /// One limit that an answer tells of.
    private struct Limit {
        var remaining: Double?
        var reset: Duration?
        var isNonsense = false
    }

    /// How long a refusal asks to be left alone: `retry-after-ms`, else `Retry-After`, else the latest reset of the limits that
    /// are used up, or of all if none says so.
    static func wish(of reply: HTTPReply) -> Duration? {
        if let text = reply.headers.first(name: "retry-after-ms"), let wait = Double(text.trimmed), wait >= 0,
            wait < 1e12
        {
            return .milliseconds(Int64(wait.rounded(.up)))
        }
        if let wait = RetryAfter.wish(of: reply) { return wait }
        let limits = limits(of: reply)
        let used = limits.filter { $0.remaining == 0 }
        return (used.isEmpty ? limits : used).compactMap(\.reset).max()
    }

    /// How long there is nothing left, by an answer that is no refusal; `nil` if there is, or it does not say.
    static func rest(of reply: HTTPReply) -> Duration? {
        let rest = limits(of: reply).filter { $0.remaining == 0 }.compactMap(\.reset).max()
        return rest.flatMap { $0 > .zero ? $0 : nil }
    }

    private static func limits(of reply: HTTPReply) -> [Limit] {
        var named: [String: Limit] = [:]
        var limits: [Limit] = []
        var date: Date?
        func now() -> Date {
            if let date { return date }
            let told = reply.headers.first(name: "date").flatMap { RetryAfter.date($0.trimmed) } ?? Date()
            date = told
            return told
        }
        for (name, value) in reply.headers {
            let name = name.lowercased().replacing("rate-limit", with: "ratelimit")
            guard name.contains("ratelimit") else { continue }
            if name == "ratelimit" {
                limits += list(value)
            } else if name.contains("remaining") {
                let key = name.replacing("remaining", with: "*")
                if let number = Double(value.trimmed), number >= 0 {
                    named[key, default: Limit()].remaining = number
                } else {
                    named[key, default: Limit()].isNonsense = true
                }
            } else if name.contains("reset") {
                let key = name.replacing("reset", with: "*")
                if let reset = time(value.trimmed, now) {
                    named[key, default: Limit()].reset = reset
                } else {
                    named[key, default: Limit()].isNonsense = true
                }
            }
        }
        return limits + named.values.filter { !$0.isNonsense }
    }

    /// `"name";r=50;t=30, "other";r=0;t=5`, or `limit=100, remaining=0, reset=5` as drafts before 08 had it.
    private static func list(_ value: String) -> [Limit] {
        var old = Limit()
        var limits: [Limit] = []
        for item in value.split(separator: ",") {
            var limit = Limit()
            for part in item.split(separator: ";") {
                let pair = part.split(separator: "=", maxSplits: 1).map { String($0).trimmed }
                guard pair.count == 2, let number = Double(pair[1]), number >= 0, number < 1e9 else { continue }
                switch pair[0] {
                case "r": limit.remaining = number
                case "t": limit.reset = .seconds(number)
                case "remaining": old.remaining = number
                case "reset": old.reset = .seconds(number)
                default: break
                }
            }
            if limit.reset != nil { limits.append(limit) }
        }
        return old.reset == nil ? limits : limits + [old]
    }

    /// Seconds, a point in time (seconds or milliseconds since 1970, RFC 3339, a date of HTTP) or a text like `6m0s`, `20ms`.
    private static func time(_ text: String, _ now: () -> Date) -> Duration? {
        func until(_ seconds: Double) -> Duration { .seconds(max(0, seconds - now().timeIntervalSince1970)) }
        if let number = Double(text) {
            guard number >= 0, number < 1e14 else { return nil }
            return number >= 1e11 ? until(number / 1000) : number >= 1e8 ? until(number) : .seconds(number)
        }
        if let duration = duration(text) { return duration }
        if let date = RetryAfter.date(text) ?? rfc3339(text) { return until(date.timeIntervalSince1970) }
        return nil
    }

    private static func duration(_ text: String) -> Duration? {
        let units: [Substring: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "us": 1e-6, "ns": 1e-9]
        var rest = text[...]
        var seconds = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { $0.isLetter }
            rest = rest[unit.endIndex...]
            guard let number = Double(number), let factor = units[unit], number < 1e9 else { return nil }
            seconds += number * factor
        }
        return text.isEmpty ? nil : .seconds(seconds)
    }

    private static func rfc3339(_ text: String) -> Date? {
        (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
            ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: false).parse(text))
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
#endif
