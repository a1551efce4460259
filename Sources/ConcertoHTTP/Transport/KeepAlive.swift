#if HTTP
import NIOCore

/// How long a connection may idle before a request is better sent on a new one.
///
/// A server closes an idle connection after a time that it seldom tells. A request that meets the closing is lost, and one
/// that is not idempotent must not be repeated. So connections are left alone before that: a second, or half of it, before
/// the time that a `Keep-Alive` header tells; at three quarters of the time after which a server was seen to hang up; and
/// after four seconds where nothing is known (5 s is what common servers use that do not tell).
struct KeepAlive: Sendable {
    /// Where nothing is known.
    var unknown: TimeAmount

    /// A server that hangs up sooner does not idle: it hangs up after its answers.
    static let shortest = TimeAmount.milliseconds(100)

    /// - Parameters:
    ///   - told: What the `Keep-Alive` header said.
    ///   - seen: After how long the server was lately seen to hang up.
    /// - Returns: Zero if the connection is better not used again.
    func limit(told: TimeAmount?, seen: TimeAmount?) -> TimeAmount {
        var limit = told.map { max($0 - .seconds(1), Self.part($0, 1, 2)) } ?? unknown
        if let seen { limit = min(limit, Self.part(seen, 3, 4)) }
        return limit
    }

    private static func part(_ time: TimeAmount, _ numerator: Int64, _ denominator: Int64) -> TimeAmount {
        .nanoseconds(time.nanoseconds / denominator * numerator)
    }

    /// The `timeout` parameter of a `Keep-Alive` header: seconds, at most a day.
    static func timeout(_ header: String) -> TimeAmount? {
        for parameter in header.split(separator: ",") {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, trimmed(pair[0]).lowercased() == "timeout", let seconds = Int64(trimmed(pair[1])),
                seconds >= 0
            else { continue }
            return .seconds(min(seconds, 86_400))
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" || $0 == "\"" }
        while let last = text.last, last == " " || last == "\t" || last == "\"" { text.removeLast() }
        return text
    }
}
#endif
