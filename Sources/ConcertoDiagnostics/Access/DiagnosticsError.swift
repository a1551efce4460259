/// Why a process cannot be looked into.
public struct DiagnosticsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What happened, to what, and what to do.
    public let description: String

    init(_ description: String) { self.description = description }
}
