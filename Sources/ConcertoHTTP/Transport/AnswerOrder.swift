#if HTTP
/// The order in which the parts of an answer may come: heads of 1xx, one final head, its body, its end; and nothing unless
/// a request is out.
///
/// AsyncHTTPClient (1.37) ends the process where an answer does not keep to it. It takes every status below 200 for an
/// informational one, which has no end, but for statuses below 100 the decoder below sends one. So what does not keep to
/// the order is turned into an error before it gets there.
struct AnswerOrder: Sendable {
    /// What is wrong with an answer.
    enum Fault: Error, Hashable, CustomStringConvertible {
        /// The status is no number from 100 to 999.
        case status(String)
        /// A part came out of turn.
        case order
        /// Nobody has asked for it.
        case unasked

        var description: String {
            switch self {
            case .status(let text): "its status is '\(text.prefix(12))', which is none: statuses begin with 100"
            case .order: "the parts of its answer came out of turn"
            case .unasked: "it sent an answer that nobody had asked for"
            }
        }
    }

    private enum State {
        /// No request is out.
        case idle
        case awaitsHead
        case inBody
        /// Nothing is let through any more.
        case broken
    }

    private var state = State.idle

    /// Whether no request is out and nothing has gone wrong.
    var isIdle: Bool { state == .idle }

    /// Whether nothing is let through any more.
    var isBroken: Bool { state == .broken }

    /// Whether a request is out, and its answer has not begun.
    var awaitsHead: Bool { state == .awaitsHead }

    /// Whether the final head has come, and the end has not.
    var hasBegun: Bool { state == .inBody }

    /// A request goes out.
    mutating func request() {
        if state == .idle { state = .awaitsHead }
    }

    /// - Returns: Whether the head may pass.
    mutating func head(status: UInt) throws(Fault) -> Bool {
        switch state {
        case .broken: return false
        case .awaitsHead where status < 100 || status > 999: throw fail(.status("\(status)"))
        case .awaitsHead:
            // 101 is the end of HTTP on this connection, hence final.
            if status >= 200 || status == 101 { state = .inBody }
            return true
        case .idle: throw fail(.unasked)
        case .inBody: throw fail(.order)
        }
    }

    /// - Returns: Whether a part of the body may pass.
    mutating func body() throws(Fault) -> Bool {
        switch state {
        case .broken: return false
        case .inBody: return true
        case .idle: throw fail(.unasked)
        case .awaitsHead: throw fail(.order)
        }
    }

    /// - Returns: Whether the end may pass.
    mutating func end() throws(Fault) -> Bool {
        guard try body() else { return false }
        state = .idle
        return true
    }

    /// From now on nothing passes.
    mutating func fail(_ fault: Fault) -> Fault {
        state = .broken
        return fault
    }
}
#endif
