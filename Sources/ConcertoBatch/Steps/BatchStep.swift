#if Batch
/// A call that follows on a row's call, or on the step before: made of the row's columns and of what was answered.
///
/// Written as rows are, `{"method", "url", "headers", "body"}`, with `{column}` for what the row has, `{.path}` for what stands
/// there in the answer before, and `{location}` for where its `Location` header leads.
public struct BatchStep: Sendable {
    /// What stands for an answer's `Location` header.
    static let location = "location"

    /// What makes the call.
    public var template: RowTemplate
    /// What was written.
    let source: String

    /// Why a text is no step.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        /// What is wrong.
        public var description: String
    }

    /// Reads the steps that a text holds, an object each, one behind the other.
    ///
    /// - Throws: ``Problem``.
    public static func steps(_ text: String) throws(Problem) -> [BatchStep] {
        let bytes = Array(text.utf8)
        var steps: [BatchStep] = []
        var failure: Problem?
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            do {
                while scanner.peek() != nil {
                    let range = try scanner.value()
                    steps.append(try BatchStep(JSONText(validated: bytes[range]), number: steps.count + 2))
                }
            } catch let problem as Problem {
                failure = problem
            } catch {
                failure = Problem(description: "step \(steps.count + 2) is not valid JSON: \(error)")
            }
        }
        if let failure { throw failure }
        guard !steps.isEmpty else { throw Problem(description: "there is no step") }
        return steps
    }

    private init(_ object: JSONText, number: Int) throws(Problem) {
        let what = "step \(number)"
        guard let members = try? ResultTable.members(of: object.bytes), !members.isEmpty else {
            throw Problem(description: "\(what) is no object; one looks like {\"url\": \"{location}\"}")
        }
        source = object.text
        template = RowTemplate()
        for (name, value) in members {
            switch name {
            case "url", "method":
                guard let text = value.stringValue else {
                    throw Problem(description: "\(what): '\(name)' must be a string")
                }
                if name == "url" { template.url = text } else { template.method = text }
            case "body": template.body = value.stringValue ?? value.text
            case "headers":
                for (header, value) in (try? ResultTable.members(of: value.bytes)) ?? [] {
                    guard let text = value.stringValue else {
                        throw Problem(description: "\(what): each header must have a string")
                    }
                    template.headers.append((header, text))
                }
            default:
                throw Problem(
                    description: "\(what): unknown field '\(Visible.text(name))'; a step has method, url, headers, body"
                )
            }
        }
        guard template.url != nil else { throw Problem(description: "\(what) has no 'url'") }
    }
}

/// How a call is made again and again until its answer says that all is done.
public struct Polling: Sendable {
    /// What the answer must be like.
    public var until: Expectation
    /// The time between an answer and the next call; a server's `Retry-After` goes before it if it is longer.
    public var every = Duration.seconds(2)
    /// Calls, at most.
    public var maximum = 1_000

    /// Creates a rule.
    public init(until: Expectation) { self.until = until }

    var problems: [String] {
        var problems: [String] = []
        if every < .milliseconds(10) || every > .seconds(86_400) { problems.append("every must be 10ms to 24h") }
        if !(1...1_000_000).contains(maximum) { problems.append("max-polls must be 1 to 1,000,000, not \(maximum)") }
        return problems
    }
}
#endif
