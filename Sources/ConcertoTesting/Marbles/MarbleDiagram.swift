/// What a stream does and when: its elements, and how it ends, each at a tick.
///
/// Two ways to write one. As a picture, in which every character is a tick:
///
/// | written | means |
/// |---|---|
/// | `-` | a tick passes |
/// | `a`, `7` | an element |
/// | `[ab]` | one element that is a list of two |
/// | `(ab)` | two elements at one tick |
/// | `\|` | the end |
/// | `#` | a failure |
///
/// With times, separated by spaces: `a@10 b@40 |@200`. What has no time comes at the time of what stands before it, so
/// `1@0 2 3 |` is all at once. `#TimeoutError@30` is a failure of that type, `#` one of a ``MarbleSource``.
public struct MarbleDiagram: Sendable, Hashable {
    /// What happens at a moment.
    public enum Event: Sendable, Hashable {
        /// An element, as text.
        case element(String)
        /// The normal end.
        case end
        /// A failure; the type's name, empty for a ``MarbleError``.
        case failure(String)
    }

    /// An event and its tick.
    public struct Moment: Sendable, Hashable {
        /// When.
        public var tick: Int
        /// What.
        public var event: Event

        /// Creates a moment.
        public init(_ event: Event, at tick: Int) {
            self.tick = tick
            self.event = event
        }
    }

    /// What happens, in order.
    public var moments: [Moment]

    /// Creates a diagram of moments.
    public init(_ moments: [Moment]) { self.moments = moments }

    /// Reads a diagram.
    ///
    /// - Throws: ``MarbleSyntaxError``.
    public init(_ text: String) throws(MarbleSyntaxError) {
        moments = text.contains("@") ? try Self.timed(text) : try Self.pictured(text)
        for (earlier, later) in zip(moments, moments.dropFirst()) where earlier.tick > later.tick {
            throw MarbleSyntaxError(text: text, problem: "goes back in time at tick \(later.tick)")
        }
    }

    private static func event(_ token: String) -> Event {
        switch token {
        case "|": .end
        case _ where token.hasPrefix("#"): .failure(String(token.dropFirst()))
        default: .element(token)
        }
    }

    private static func pictured(_ text: String) throws(MarbleSyntaxError) -> [Moment] {
        var moments: [Moment] = []
        var tick = 0
        var isGroup = false
        var list: [String]?
        for character in text {
            switch character {
            case " ": continue
            case "-" where !isGroup && list == nil: tick += 1
            case "(" where !isGroup && list == nil: isGroup = true
            case ")" where isGroup:
                isGroup = false
                tick += 1
            case "[" where list == nil: list = []
            case "]" where list != nil:
                moments.append(Moment(.element("[" + list!.joined(separator: " ") + "]"), at: tick))
                list = nil
                if !isGroup { tick += 1 }
            case _ where list != nil: list!.append(String(character))
            case "(", ")", "[", "]", "-":
                throw MarbleSyntaxError(text: text, problem: "'\(character)' cannot stand there")
            default:
                moments.append(Moment(event(String(character)), at: tick))
                if !isGroup { tick += 1 }
            }
        }
        if isGroup || list != nil { throw MarbleSyntaxError(text: text, problem: "a bracket is not closed") }
        return moments
    }

    private static func timed(_ text: String) throws(MarbleSyntaxError) -> [Moment] {
        var tokens: [String] = []
        var token = ""
        var depth = 0
        for character in text {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == " ", depth == 0 {
                if !token.isEmpty { tokens.append(token) }
                token = ""
            } else {
                token.append(character)
            }
        }
        if depth != 0 { throw MarbleSyntaxError(text: text, problem: "a bracket is not closed") }
        if !token.isEmpty { tokens.append(token) }
        var moments: [Moment] = []
        var tick = 0
        for token in tokens {
            let parts = token.split(separator: "@", omittingEmptySubsequences: false)
            if parts.count > 1 {
                guard parts.count == 2, let time = Int(parts[1]), time >= 0 else {
                    throw MarbleSyntaxError(text: text, problem: "'\(token)' has no tick after its @")
                }
                tick = time
            }
            guard !parts[0].isEmpty else {
                throw MarbleSyntaxError(text: text, problem: "'\(token)' says when, but not what")
            }
            moments.append(Moment(event(String(parts[0])), at: tick))
        }
        return moments
    }
}

extension MarbleDiagram: ExpressibleByStringLiteral {
    /// Reads a diagram that stands in a test; one that cannot be read ends the program with a message.
    public init(stringLiteral text: String) {
        do { try self.init(text) } catch { fatalError("\(error)") }
    }
}

extension MarbleDiagram: CustomStringConvertible {
    /// The diagram with times.
    public var description: String {
        moments.map { moment in
            switch moment.event {
            case .element(let text): "\(text)@\(moment.tick)"
            case .end: "|@\(moment.tick)"
            case .failure(let name): "#\(name)@\(moment.tick)"
            }
        }.joined(separator: " ")
    }
}

/// A marble diagram that cannot be read.
public struct MarbleSyntaxError: Error, Hashable, CustomStringConvertible {
    /// The diagram.
    public let text: String
    /// What is wrong with it.
    public let problem: String

    /// What happened.
    public var description: String { "the marble diagram \"\(text)\" \(problem)" }
}

/// How a ``MarbleSource`` fails where its diagram says `#`.
public struct MarbleError: Error, Hashable, CustomStringConvertible {
    /// Creates the error.
    public init() {}

    /// What it is.
    public var description: String { "the failure that a marble diagram asked for" }
}

/// The text of an element in a diagram: strings as they are, lists in brackets, tuples without anything in between.
func marbleText(_ value: Any) -> String {
    switch value {
    case let text as String: return text
    case let list as [Any]: return "[" + list.map { marbleText($0) }.joined(separator: " ") + "]"
    default:
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .tuple else { return "\(value)" }
        return mirror.children.map { marbleText($0.value) }.joined()
    }
}
