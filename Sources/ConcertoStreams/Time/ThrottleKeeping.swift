/// What a throttle keeps of elements that come too soon.
public enum ThrottleKeeping: Sendable, Hashable {
    /// The first element of a period comes at once, the newest of the others when it is over.
    case firstAndLatest
    /// The first element of a period comes at once, the others are dropped.
    case first
}
