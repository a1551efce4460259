import ConcertoRuntime

/// The link of a linked source to one of its parents.
///
/// The parent's callback holds the `anchor`, and the anchor holds the child only while the child has callbacks: a
/// linked source that nobody refers to and nobody listens to goes away by itself, one that somebody listens to stays.
/// The child holds the anchor weakly, or a child with callbacks would keep itself alive after its parent had gone.
final class CancellationLink: @unchecked Sendable {  // all is set by `attach`, before the link is published
    final class Anchor: Sendable {
        private let strong = Guarded<CancellationTokenSource?>(nil)
        private let weakly: WeakSource

        init(_ child: CancellationTokenSource) {
            weakly = WeakSource(child)
        }

        var child: CancellationTokenSource? { weakly.source }

        func hold(_ child: CancellationTokenSource?) {
            let released = strong.withLock { strong in
                let released = strong
                strong = child
                return released
            }
            _ = consume released
        }
    }

    private weak var weakAnchor: Anchor?
    /// Until the parent's callback holds the anchor.
    private var initialAnchor: Anchor?
    // Weak as well: the parent holds the node, the node's action the anchor, and the anchor this link's owner.
    private weak var parent: CancellationTokenSource?
    private weak var node: CancellationCallback?
    private var hasNode = false
    private var id: UInt = 0

    init(to child: CancellationTokenSource) {
        let anchor = Anchor(child)
        initialAnchor = anchor
        weakAnchor = anchor
    }

    var anchor: Anchor { weakAnchor.unsafelyUnwrapped }

    /// Remembers the callback at the parent, which holds the anchor from now on.
    func attach(_ registration: CancellationTokenRegistration) {
        (parent, node, id) = (registration.source, registration.node, registration.id)
        hasNode = registration.node != nil
        initialAnchor = nil
    }

    /// Called under the child's lock, by a caller that holds the child: nothing can be freed here.
    func retain(_ child: CancellationTokenSource) { weakAnchor?.hold(child) }

    /// As `retain`.
    func release() { weakAnchor?.hold(nil) }

    /// Takes the link off the parent.
    func cut() {
        // Without its node the callback has gone already.
        if let parent, !hasNode || node != nil { _ = parent.remove(node, id) }
        release()
    }
}

/// A weak reference that may be read from any thread.
final class WeakSource: @unchecked Sendable {  // weak loads are atomic, and it is never written after `init`
    private(set) weak var source: CancellationTokenSource?

    init(_ source: CancellationTokenSource) {
        self.source = source
    }
}
