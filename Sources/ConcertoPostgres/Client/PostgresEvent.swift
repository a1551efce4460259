#if PostgreSQL
/// What a listener hears.
public enum PostgresEvent: Hashable, Sendable {
    /// It listens from now on: once, at the start.
    case connected
    /// The connection was lost and another one listens from now on. What was notified in between is lost: look for yourself.
    case reconnected
    /// Somebody called `NOTIFY`.
    case notification(channel: String, payload: String, process: Int)
}
#endif
