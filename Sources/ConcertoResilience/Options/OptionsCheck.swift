/// Collects what is wrong with a set of options, so that all of it can be said at once.
package struct OptionsCheck {
    private let subject: String
    private var problems: [InvalidOptionsError.Problem] = []

    package init(_ subject: String) {
        self.subject = subject
    }

    package mutating func require(_ holds: Bool, _ field: String, _ value: Any, _ requirement: String) {
        guard !holds else { return }
        problems.append(.init(field: field, value: "\(value)", requirement: requirement))
    }

    package mutating func require(_ value: Double, _ field: String, in range: ClosedRange<Double>) {
        require(range.contains(value), field, value, "between \(range.lowerBound) and \(range.upperBound)")
    }

    package mutating func require(_ value: Int, _ field: String, atLeast minimum: Int) {
        require(value >= minimum, field, value, "\(minimum) or more")
    }

    package mutating func requirePositive(_ value: Duration, _ field: String) {
        require(value > .zero && value <= .longest, field, value, "longer than zero and at most \(Duration.longest)")
    }

    package mutating func requireNotNegative(_ value: Duration, _ field: String) {
        require(value >= .zero && value <= .longest, field, value, "between zero and \(Duration.longest)")
    }

    /// Takes over the problems of a nested set of options, under the name of the field that holds it.
    package mutating func require(_ nested: OptionsCheck, in field: String) {
        for problem in nested.problems {
            problems.append(
                .init(field: "\(field).\(problem.field)", value: problem.value, requirement: problem.requirement))
        }
    }

    package consuming func finish() throws(InvalidOptionsError) {
        guard problems.isEmpty else { throw InvalidOptionsError(subject: subject, problems: problems) }
    }
}

extension Duration {
    /// The longest duration that any option accepts: 100 years, far from the end of every clock.
    static var longest: Duration { .seconds(100 * 365 * 86_400) }
}

/// Stops the program when options that stand in its source are invalid.
func trapOnInvalidOptions<T>(_ make: () throws(InvalidOptionsError) -> T) -> T {
    do {
        return try make()
    } catch {
        trapOnInvalidOptions(error)
    }
}

/// The same, where an initializer delegates to another.
func trapOnInvalidOptions(_ error: any Error) -> Never {
    fatalError("\(error)\nWhere the values come from data, use the initializer that throws.")
}
