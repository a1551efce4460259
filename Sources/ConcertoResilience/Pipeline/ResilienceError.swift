/// What a typed execution throws: the operation's own error, or what kept it from having a result.
public enum ResilienceError<Failure: Error>: Error {
    /// The operation failed with this error and no strategy made up for it.
    case failure(Failure)
    /// A strategy ended the execution, or the caller was cancelled (`CancellationError`).
    case rejected(any Error)
}

extension ResilienceError: CustomStringConvertible {
    /// The error inside.
    public var description: String {
        switch self {
        case .failure(let error): "\(error)"
        case .rejected(let error): "rejected: \(error)"
        }
    }
}
