/// What few executions have beside their ``ResilienceContext``'s own fields: immutable, but for ``result``.
///
/// Unchecked: `result` is only touched through ``results``, and that belongs to one execution, which is sequential. The
/// operation, the strategies and a timeout's child task take turns, each awaited by the one before; nobody reads while
/// another writes.
@usableFromInline
final class ContextExtras: @unchecked Sendable {
    /// What the context's deadline is measured with.
    @usableFromInline let clock: StrategyClock
    let properties: ResilienceProperties
    /// Where the innermost body leaves its result for strategies that look at it, if some do. The execution's first
    /// extras are that place themselves, so that they cost one allocation and not two.
    let inheritedResults: ContextExtras?
    let keepsResults: Bool
    /// Only in extras that are ``results``.
    var result: Any?

    /// Extras of a context further in.
    init(clock: StrategyClock, properties: ResilienceProperties, results: ContextExtras?) {
        self.clock = clock
        self.properties = properties
        inheritedResults = results
        keepsResults = false
    }

    /// Extras of an execution whose strategies look at results: the same ones, but for that.
    init(keepingResultsBeside extras: ContextExtras?) {
        clock = extras?.clock ?? .monotonic
        properties = extras?.properties ?? ResilienceProperties()
        inheritedResults = nil
        keepsResults = true
    }

    var results: ContextExtras? { keepsResults ? self : inheritedResults }

    /// Whether code far below learns anything from them.
    @usableFromInline var isWorthBinding: Bool { !properties.isEmpty }
}
