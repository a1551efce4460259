#if Server
/// Who is served first when there is too much to do.
public enum RequestPriority: Sendable, Hashable, CaseIterable {
    /// The first to be refused: when four fifths of the permits that everybody may take are in use.
    case sheddable
    /// What nothing is said about.
    case normal
    /// Takes any permit that is free, and has a fifth of them to itself.
    case critical
}
#endif
