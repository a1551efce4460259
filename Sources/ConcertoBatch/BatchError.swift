#if Batch
/// Why a run could not start or go on. Failed *rows* are results, not errors.
public struct BatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of obstacle it was; the tool makes its exit code of it.
    public enum Kind: Hashable, Sendable {
        /// The arguments or the input do not make sense, or the output can't be written.
        case configuration
        /// The store or the output does not match, is in use, or failed on the way.
        case store
    }

    /// What kind of obstacle it was.
    public var kind: Kind
    /// What happened, to what, and what to do.
    public var description: String

    package init(kind: Kind, description: String) { (self.kind, self.description) = (kind, description) }

    static func configuration(_ message: String) -> BatchError {
        BatchError(kind: .configuration, description: message)
    }

    static func store(_ message: String) -> BatchError { BatchError(kind: .store, description: message) }
}
#endif
