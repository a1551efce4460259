#if Server
import HTTPTypes
import Hummingbird

/// How long a caller says that it waits.
enum DeadlineHeaders {
    enum Reading: Equatable {
        case none
        case limit(Duration)
        /// It makes no sense, and is ignored.
        case invalid
    }

    private static let grpc = HTTPField.Name("grpc-timeout")

    /// The limit in `request`: whole milliseconds in `name`, or gRPC's form.
    static func read(_ headers: HTTPFields, _ name: HTTPField.Name?) -> Reading {
        if let name, let text = headers[name] {
            return number(text, most: 12).map { .limit(.milliseconds($0)) } ?? .invalid
        }
        guard let grpc, let text = headers[grpc] else { return .none }
        guard let unit = text.last, let amount = number(text.dropLast(), most: 8) else { return .invalid }
        return switch unit {
        case "H": .limit(.seconds(amount * 3_600))
        case "M": .limit(.seconds(amount * 60))
        case "S": .limit(.seconds(amount))
        case "m": .limit(.milliseconds(amount))
        case "u": .limit(.microseconds(amount))
        case "n": .limit(.nanoseconds(amount))
        default: .invalid
        }
    }

    /// Digits and nothing else: `Int64("+1")` would take signs.
    private static func number(_ text: some StringProtocol, most digits: Int) -> Int64? {
        guard text.utf8.allSatisfy({ 48...57 ~= $0 }), (1...digits).contains(text.utf8.count) else { return nil }
        return Int64(text)
    }
}
#endif
