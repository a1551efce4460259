#if HTTP
public import Foundation
import NIOHTTP1

/// The `Retry-After` header (RFC 9110 §10.2.3): a number of seconds, or a date in one of three forms.
public enum RetryAfter {
    /// How long the server asks to be left alone.
    ///
    /// - Parameters:
    ///   - value: The header's value. A fraction of seconds is no valid one, and is taken for the next whole number.
    ///   - now: The wall clock, which only the date forms need: the server's (its `Date`), as far as it is known.
    /// - Returns: Zero for a date that has passed; `nil` for what is neither a number nor a date.
    public static func parse(_ value: String, now: Date) -> Duration? {
        let text = value.trimmingCharacters(in: .whitespaces)
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }) {
            let more: Int64 = parts.count == 2 && parts[1].contains { $0 != "0" } ? 1 : 0
            // More seconds than an Int64 of nanoseconds holds is "never"; the caller caps it.
            return .seconds(min(Int64(parts[0]) ?? .max, 9_000_000_000) + more)
        }
        guard let date = date(text) else { return nil }
        return .seconds(max(0, date.timeIntervalSince(now)))
    }

    /// How long an answer asks to be left alone; `nil` if it does not say. Of several headers the longest time counts.
    ///
    /// A date is compared with the answer's own `Date`: the two come from one clock, which may be an hour off this machine's.
    package static func wish(of reply: HTTPReply) -> Duration? {
        let values = reply.headers["retry-after"]
        guard !values.isEmpty else { return nil }
        let now = reply.headers.first(name: "date").flatMap { date($0.trimmingCharacters(in: .whitespaces)) } ?? Date()
        return values.compactMap { parse($0, now: now) }.max()
    }

    /// The three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850 and asctime.
    static func date(_ text: String) -> Date? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" })
        switch words.count {
        // Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT
        case 6 where words[5] == "GMT":
            return date(day: words[1], month: words[2], year: words[3], time: words[4])
        // Sun Nov  6 08:49:37 1994
        case 5:
            return date(day: words[2], month: words[1], year: words[4], time: words[3])
        default:
            return nil
        }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func date(day: Substring, month: Substring, year: Substring, time: Substring) -> Date? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard let day = Int(day), let month = months.firstIndex(of: String(month)), let year = fullYear(year),
            clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let components = DateComponents(
            timeZone: TimeZone(secondsFromGMT: 0), year: year, month: month + 1, day: day, hour: hour, minute: minute,
            second: second)
        return Calendar(identifier: .gregorian).date(from: components)
    }

    /// RFC 9110: a two-digit year that lies more than 50 years ahead means the century before.
    private static func fullYear(_ text: Substring) -> Int? {
        guard let year = Int(text), year >= 0 else { return nil }
        guard text.count == 2 else { return text.count == 4 ? year : nil }
        let current = Calendar(identifier: .gregorian).component(.year, from: Date())
        let candidate = current / 100 * 100 + year
        return candidate > current + 50 ? candidate - 100 : candidate
    }
}
#endif
