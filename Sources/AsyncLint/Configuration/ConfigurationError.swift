#if Lint
/// A configuration, table or baseline that cannot be used, with every problem it has.
public struct ConfigurationError: Error, CustomStringConvertible {
    /// The file, or what else the text came from.
    public let source: String
    /// What is wrong, one sentence each.
    public let problems: [String]

    /// Creates an error about one source.
    public init(source: String, problems: [String]) {
        self.source = source
        self.problems = problems
    }

    /// One line a problem.
    public var description: String { problems.map { "\(source): \($0)" }.joined(separator: "\n") }
}

/// `; did you mean 'x'?` when a known word is near, else nothing.
func nearest(to word: String, among known: [String]) -> String {
    func distance(_ one: [Character], _ other: [Character]) -> Int {
        var row = Array(0...other.count)
        for (index, character) in one.enumerated() {
            var previous = row[0]
            row[0] = index + 1
            for column in other.indices {
                let kept = row[column + 1]
                row[column + 1] = min(
                    kept + 1, row[column] + 1, previous + (character == other[column] ? 0 : 1))
                previous = kept
            }
        }
        return row[other.count]
    }
    let best = known.min { distance(Array(word), Array($0)) < distance(Array(word), Array($1)) }
    guard let best, distance(Array(word), Array(best)) <= max(2, word.count / 3) else { return "" }
    return "; did you mean '\(best)'?"
}
#endif
