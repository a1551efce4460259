#if HTTP
/// Why a host is called less than there are calls for it.
public enum HostHold: Sendable, Hashable {
    /// It has asked to be left alone (`Retry-After`), with an answer of this status.
    case asked(status: Int)
    /// It refuses calls with this status without saying when to come back, and is called at a pace: so many a second.
    case refuses(status: Int, perSecond: Double)
    /// Its circuit is open: attempts were answered with this status.
    case fails(status: Int)
    /// Its circuit is open: attempts got no answer, for a reason of this kind.
    case silent(HTTPFailure.Kind)
}
#endif
