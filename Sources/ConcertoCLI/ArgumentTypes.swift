#if CLI
import ArgumentParser
import ConcertoBatch

/// An argument that is shown in the help as it was written.
protocol WrittenArgument: ExpressibleByArgument {
    associatedtype Value
    static func read(_ text: String) -> Value?
    init(_ value: Value, _ text: String)
    var text: String { get }
}

extension WrittenArgument {
    init?(argument: String) {
        guard let value = Self.read(argument) else { return nil }
        self.init(value, argument)
    }

    var defaultValueDescription: String { text }
}

struct DurationArgument: WrittenArgument {
    var value: Duration
    var text: String

    init(_ value: Duration, _ text: String) { (self.value, self.text) = (value, text) }

    static func read(_ text: String) -> Duration? { parseDuration(text) }
}

struct SizeArgument: WrittenArgument {
    var value: Int
    var text: String

    init(_ value: Int, _ text: String) { (self.value, self.text) = (value, text) }

    /// `10MB`, `500KB`, `1GB`, or a number of bytes.
    static func read(_ text: String) -> Int? {
        let units: [(String, Int)] = [("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1)]
        let unit = units.first { text.uppercased().hasSuffix($0.0) }
        guard let number = Double(text.dropLast(unit?.0.count ?? 0)), number >= 0, number < 1e9 else { return nil }
        return Int(number * Double(unit?.1 ?? 1))
    }
}

struct RateArgument: WrittenArgument {
    var value: CallRate
    var text: String

    init(_ value: CallRate, _ text: String) { (self.value, self.text) = (value, text) }

    static func read(_ text: String) -> CallRate? { CallRate(text) }
}

struct FailureLimitArgument: WrittenArgument {
    var value: FailureLimit
    var text: String

    init(_ value: FailureLimit, _ text: String) { (self.value, self.text) = (value, text) }

    static func read(_ text: String) -> FailureLimit? { FailureLimit(text) }
}

struct StatusListArgument: WrittenArgument {
    var value: Set<Int>
    var text: String

    init(_ value: Set<Int>, _ text: String) { (self.value, self.text) = (value, text) }

    /// `429,503`.
    static func read(_ text: String) -> Set<Int>? {
        let codes = text.split(separator: ",").map { Int($0) }
        guard !codes.isEmpty, codes.allSatisfy({ (400...599).contains($0 ?? 0) }) else { return nil }
        return Set(codes.compactMap { $0 })
    }
}

enum OversizeArgument: String, ExpressibleByArgument, CaseIterable {
    case refuse
    case alone
}

enum RateHeadersArgument: String, ExpressibleByArgument, CaseIterable {
    case none
    case auto
}

struct WeightArgument: ExpressibleByArgument {
    var value: WeightExpression

    init?(argument: String) {
        guard let value = Explained.value({ () throws(JSONPath.Problem) in try WeightExpression(argument) }) else {
            return nil
        }
        self.value = value
    }
}

enum IdempotencyKeyArgument: String, ExpressibleByArgument, CaseIterable {
    case none
    case auto
}
#endif
