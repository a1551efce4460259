/// Several errors that happened together.
///
/// `Task.whenAll` and the parallel loops throw it when at least one operation failed, also when it was only
/// one, so that a `catch` has one shape.
public struct AggregateError: Error, CustomStringConvertible {
    /// The errors, in the order that the thrower documents: input order for `whenAll`, the order in which they
    /// happened for parallel loops.
    public let errors: [any Error]

    /// Creates an error that stands for `errors`; an empty list is allowed.
    public init(_ errors: [any Error]) {
        self.errors = errors
    }

    /// The same errors with every nested `AggregateError` replaced by what it holds, in order, duplicates kept.
    public var flattened: AggregateError {
        AggregateError(
            errors.flatMap { error in
                (error as? AggregateError)?.flattened.errors ?? [error]
            })
    }

    /// The error at the bottom: follows aggregates that hold exactly one error, and is this error itself if it holds
    /// none or several.
    public var baseError: any Error {
        guard errors.count == 1 else { return self }
        return (errors[0] as? AggregateError)?.baseError ?? errors[0]
    }

    /// Calls `predicate` for every error, in order, and throws a new aggregate with those it did not handle.
    ///
    /// - Parameter predicate: Returns whether it has dealt with the error.
    /// - Throws: `AggregateError` with the unhandled errors, if there are any.
    public func handle(_ predicate: (any Error) throws -> Bool) throws {
        let unhandled = try errors.filter { try !predicate($0) }
        guard unhandled.isEmpty else { throw AggregateError(unhandled) }
    }

    private func indented(_ error: any Error) -> String {
        "\(error)".split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n     ")
    }

    /// Every error on a line of its own; what belongs to an error of several lines is indented below it.
    public var description: String {
        switch errors.count {
        case 0: return "no errors"
        case 1: return "1 error: \(errors[0])"
        default:
            return "\(errors.count) errors:"
                + errors.enumerated().map { "\n  \($0.offset + 1). " + indented($0.element) }.joined()
        }
    }
}
