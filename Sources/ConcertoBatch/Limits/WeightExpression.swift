#if Batch
/// What a call counts as, told by what it sends: `.max_tokens + chars / 4`.
///
/// | | |
/// |---|---|
/// | `.max_tokens`, `.a.b[0]` | the number at that place of the body |
/// | `.max_tokens // 500` | 500 where there is no number |
/// | `chars`, `bytes` | the length of the body |
/// | `+ - * /`, brackets, numbers, `min(a, b)`, `max(a, b)` | as in arithmetic |
public struct WeightExpression: Sendable {
    private indirect enum Node: Sendable {
        case number(Double)
        case path(JSONPath)
        case chars
        case bytes
        case binary(Character, Node, Node)
        case otherwise(Node, Node)
        case least(Node, Node)
        case most(Node, Node)
    }

    /// Why a call has no weight.
    struct Problem: Error, CustomStringConvertible { var description: String }

    /// The heaviest that a call can be.
    static let most = 1_000_000_000

    /// What was written.
    public let source: String
    private let root: Node

    /// Reads an expression.
    ///
    /// - Throws: ``JSONPath/Problem``, which says what one looks like.
    public init(_ text: String) throws(JSONPath.Problem) {
        source = text
        var reader = Reader(rest: text[...], source: text)
        root = try reader.sum()
        guard reader.next() == nil else { throw reader.problem("'\(Visible.text(reader.rest.prefix(20)))'") }
    }

    /// What a call with this body counts as, rounded up.
    func weight(of body: [UInt8]) throws(Problem) -> Int {
        let value = try Self.value(of: root, body)
        guard value.isFinite, value >= 0, value <= Double(Self.most) else {
            throw Problem(description: "its weight (\(source)) is \(value), and must be 0 to a thousand millions")
        }
        return Int(value.rounded(.up))
    }

    private static func value(of node: Node, _ body: [UInt8]) throws(Problem) -> Double {
        switch node {
        case .number(let number): return number
        case .bytes: return Double(body.count)
        case .chars: return Double(body.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) })
        case .path(let path):
            let found = (try? JSONText(body)).flatMap { path.value(in: $0.bytes) }
            guard let found, let number = Double(found.text) else {
                throw Problem(
                    description:
                        "its weight can't be told: the body has no number at \(path.source); "
                        + "\(path.source) // 500 says what counts then")
            }
            return number
        case .otherwise(let node, let other):
            do throws(Problem) { return try value(of: node, body) } catch { return try value(of: other, body) }
        case .least(let left, let right): return min(try value(of: left, body), try value(of: right, body))
        case .most(let left, let right): return max(try value(of: left, body), try value(of: right, body))
        case .binary(let sign, let left, let right):
            let (left, right) = (try value(of: left, body), try value(of: right, body))
            switch sign {
            case "+": return left + right
            case "-": return left - right
            case "*": return left * right
            default: return left / right
            }
        }
    }

    private struct Reader {
        var rest: Substring
        var source: String

        func problem(_ what: String) -> JSONPath.Problem {
            JSONPath.Problem(
                description:
                    "'\(Visible.text(source))' is no weight: \(what) is not understood there; one looks like "
                    + ".max_tokens + chars / 4")
        }

        /// What comes next, blanks left out.
        mutating func next() -> Character? {
            rest = rest.drop(while: \.isWhitespace)
            return rest.first
        }

        mutating func sum() throws(JSONPath.Problem) -> Node {
            var node = try product()
            while let sign = next(), sign == "+" || sign == "-" {
                rest.removeFirst()
                node = .binary(sign, node, try product())
            }
            return node
        }

        private mutating func product() throws(JSONPath.Problem) -> Node {
            var node = try alternative()
            while let sign = next(), sign == "*" || sign == "/" {
                rest.removeFirst()
                node = .binary(sign, node, try alternative())
            }
            return node
        }

        private mutating func alternative() throws(JSONPath.Problem) -> Node {
            let node = try term()
            guard next() == "/", rest.hasPrefix("//") else { return node }
            rest.removeFirst(2)
            return .otherwise(node, try alternative())
        }

        private mutating func term() throws(JSONPath.Problem) -> Node {
            guard let first = next() else { throw problem("the end") }
            switch first {
            case "(":
                rest.removeFirst()
                let node = try sum()
                try take(")")
                return node
            case ".", "[":
                return .path(try JSONPath(String(path())))
            case _ where first.isNumber:
                let digits = rest.prefix { $0.isNumber || $0 == "." }
                guard let number = Double(digits) else { throw problem("'\(digits)'") }
                rest = rest[digits.endIndex...]
                return .number(number)
            default:
                let word = rest.prefix(while: \.isLetter)
                rest = rest[word.endIndex...]
                switch word {
                case "chars": return .chars
                case "bytes": return .bytes
                case "min", "max":
                    try take("(")
                    let left = try sum()
                    try take(",")
                    let right = try sum()
                    try take(")")
                    return word == "min" ? .least(left, right) : .most(left, right)
                default: throw problem(word.isEmpty ? "'\(first)'" : "'\(Visible.text(word))'")
                }
            }
        }

        private mutating func take(_ sign: Character) throws(JSONPath.Problem) {
            guard next() == sign else { throw problem(rest.first.map { "'\($0)'" } ?? "the end") }
            rest.removeFirst()
        }

        /// A path up to what can't belong to it, quotes and brackets taken as they are.
        private mutating func path() -> Substring {
            var (isQuoted, depth) = (false, 0)
            let path = rest.prefix { sign in
                if sign == "\"" { isQuoted.toggle() }
                if isQuoted { return true }
                if sign == "[" { depth += 1 }
                if sign == "]" { depth -= 1 }
                return depth > 0 || !(sign.isWhitespace || "+-*/(),".contains(sign))
            }
            rest = rest[path.endIndex...]
            return path
        }
    }
}
#endif
