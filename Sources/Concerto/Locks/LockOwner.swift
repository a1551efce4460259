#if DEBUG
import ConcertoRuntime
import Synchronization

/// Who holds an ``AsyncLock`` that was taken without a scope; in debug builds only.
///
/// A lock that is given back twice lets two in at once, and neither of them is to blame: who gave back what another holds
/// is named on standard error. Handing a lock on is allowed, so it is no more than a line. Known as one flow are a task and
/// the scopes and children in which it goes on.
package final class LockOwner: Sendable {
    private struct Holder {
        let flow: UInt64
        let site: WaitGraph.Site
    }

    private let holder = Guarded<Holder?>(nil)

    func take(at site: WaitGraph.Site) {
        let flow = FlowIdentity.current
        holder.withLock { $0 = Holder(flow: flow, site: site) }
    }

    func giveBack(_ label: WaitGraph.Label, at site: WaitGraph.Site) {
        let flow = FlowIdentity.current
        let holder = holder.withLock { $0.take() }
        // Code outside of tasks, a callback say, may act for any of them.
        guard let holder, flow != 0, holder.flow != flow else { return }
        Self.report(
            "the \(label), which task #\(holder.flow) holds since \(holder.site), is given back by task #\(flow) at "
                + "\(site): unlock once for each lock(), where it was taken, or use withLock")
    }

    /// A type of its own around the closure: see `UnobservedError`.
    package struct Handler: Sendable {
        package var call: @Sendable (String) -> Void = { StandardError.write($0) }
        package init() {}
    }

    package static let handler = Guarded(Handler())

    private static func report(_ line: String) { handler.withLock { $0 }.call(line) }
}
#endif
