/// Tells whether, and lets you be told when, something should stop; handed out by a ``CancellationTokenSource``.
///
/// Swift's own cancellation belongs to a task and travels down the task tree. A token belongs to whoever made its
/// source and can reach across trees: a request that the client gave up, a shutdown, a button. Every waiting function
/// of Concerto takes one, and ``withCancellation(of:_:)`` turns one into Swift's own.
///
/// Two tokens are equal if they come from the same source; ``none`` tokens are all equal, and so are ``cancelled``
/// ones.
public struct CancellationToken: Sendable, Hashable {
    @usableFromInline let source: CancellationTokenSource?

    @inlinable
    init(source: CancellationTokenSource?) {
        self.source = source
    }

    /// A token that is never cancelled.
    @inlinable
    public static var none: CancellationToken { CancellationToken(source: nil) }

    /// A token that has been cancelled from the start.
    public static let cancelled: CancellationToken = {
        let source = CancellationTokenSource()
        source.cancel()
        return source.token
    }()

    /// Whether the token can ever be cancelled, or has been.
    @inlinable
    public var canBeCancelled: Bool { source != nil }

    /// Whether cancellation has been requested. It is `true` before the first callback runs, so it does not mean that
    /// callbacks have finished.
    @inlinable
    public var isCancellationRequested: Bool {
        guard let source else { return false }
        return source.isCancellationRequested
    }

    /// Throws `CancellationError` if cancellation has been requested.
    @inlinable
    public func throwIfCancellationRequested() throws(CancellationError) {
        if isCancellationRequested { throw CancellationError() }
    }

    /// Calls `callback` when the token is cancelled.
    ///
    /// - Where it runs: on the thread that cancels, inside its `cancel()`; inside this call if the token has been
    ///   cancelled already.
    /// - Ordering: callbacks run one after the other, the last registered first.
    /// - Allocates: nothing for the only callback of a source; when a second one comes while it waits, the source's second
    ///   object and one for each further callback.
    /// - Parameter callback: What to do; it should be short.
    /// - Returns: The registration, with which the callback can be taken back. Dropping it takes nothing back.
    @discardableResult
    @inlinable
    public func register(_ callback: @escaping @Sendable () -> Void) -> CancellationTokenRegistration {
        guard let source else { return CancellationTokenRegistration() }
        guard let registration = source.add(callback) else {
            callback()
            return CancellationTokenRegistration()
        }
        return registration
    }

    /// Calls `callback`, which may throw, when the token is cancelled; see ``register(_:)-(()->Void)``.
    ///
    /// - Throws: What `callback` throws, if the token has been cancelled already and it runs inside this call. Later
    ///   errors arrive at whoever cancels: ``CancellationTokenSource/cancel(throwOnFirstError:)``.
    @discardableResult
    @inlinable
    public func register(
        _ callback: @escaping @Sendable () throws -> Void
    ) throws -> CancellationTokenRegistration {
        guard let source else { return CancellationTokenRegistration() }
        guard let registration = source.add(callback) else {
            try callback()
            return CancellationTokenRegistration()
        }
        return registration
    }

    /// Whether both tokens come from the same source.
    public static func == (left: CancellationToken, right: CancellationToken) -> Bool {
        left.source === right.source
    }

    /// Feeds the identity of the source.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(source.map(ObjectIdentifier.init))
    }
}

extension CancellationToken: CustomStringConvertible {
    /// Where the token stands: that it can never be cancelled, can be, or has been.
    public var description: String {
        guard canBeCancelled else { return "CancellationToken(none)" }
        return "CancellationToken(\(isCancellationRequested ? "cancelled" : "not cancelled"))"
    }
}
