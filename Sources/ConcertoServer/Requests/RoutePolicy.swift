#if Server
/// What is different for one route.
public struct RoutePolicy: Sendable {
    /// A route's time limit.
    public enum Deadline: Sendable, Hashable {
        /// The kit's.
        case inherited
        /// None, not even a caller's.
        case none
        /// This one, also where it is longer than the kit's.
        case at(Duration)
    }

    /// The route's time limit. Default: the kit's.
    public var deadline = Deadline.inherited
    /// Whether the handler runs on when its client has gone: for what has to be finished once it has begun. Its deadline
    /// still ends it. Default false.
    public var outlivesClient = false
    /// Whether rate limit and admission let every request of the route pass. Default false.
    public var isExempt = false
    /// Who goes first where admission cannot serve all. Default: normal. One critical route, and a fifth of the permits is
    /// kept for such routes.
    public var priority = RequestPriority.normal

    /// The defaults.
    public init() {}
}
#endif
