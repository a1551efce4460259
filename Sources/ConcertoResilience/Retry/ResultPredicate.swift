/// Picks out results that are failures in disguise, such as a response with status 503.
///
/// ```swift
/// Retry(retryResults: ResultPredicate { (response: Response) in response.status >= 500 })
/// ```
///
/// - Allocates: a pipeline that looks at results keeps each in a box: one or two allocations an execution.
public struct ResultPredicate: Sendable {
    private let predicate: @Sendable (Any) -> Bool

    /// Creates a predicate for results of one type; results of other types do not match.
    public init<Value>(_ matches: @escaping @Sendable (Value) -> Bool) {
        predicate = { ($0 as? Value).map(matches) ?? false }
    }

    @usableFromInline
    func matches(_ result: Any?) -> Bool {
        guard let result else { return false }
        return predicate(result)
    }
}
