#if CLI
import ArgumentParser
import ConcertoBatch

/// `-c`: a number, or as many as the host bears.
struct ConcurrencyArgument: WrittenArgument {
    enum Value: Equatable {
        case fixed(Int)
        case auto(most: Int)
    }

    static let help: ArgumentHelp = """
        Calls in flight at a time; auto, or auto:100, for as many as each host bears, at most 256 or that many.
        """
    private static let most = 256

    var value: Value
    var text: String

    init(_ value: Value, _ text: String) { (self.value, self.text) = (value, text) }

    static func read(_ text: String) -> Value? {
        if text == "auto" { return .auto(most: most) }
        guard text.hasPrefix("auto:") else { return Int(text).map { .fixed($0) } }
        return Int(text.dropFirst(5)).map { .auto(most: $0) }
    }

    func apply(to options: inout BatchOptions) {
        switch value {
        case .fixed(let calls):
            options.concurrency = calls
        case .auto(let most):
            options.concurrency = most
            options.findsConcurrency = true
        }
    }
}

/// `--hedge`.
struct HedgeArgument: WrittenArgument {
    static let help: ArgumentHelp = """
        Send a call that may be repeated a second time if it is slow, and take the faster answer: p95 (slower than 95 of 100 \
        calls to its host), or a time (300ms). Within the retry budget. (default: never)
        """

    var value: HedgeDelay
    var text: String

    init(_ value: HedgeDelay, _ text: String) { (self.value, self.text) = (value, text) }

    static func read(_ text: String) -> HedgeDelay? { HedgeDelay(text) }
}
#endif
