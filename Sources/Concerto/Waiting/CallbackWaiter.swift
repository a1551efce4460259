/// A waiter that calls back instead of resuming a task: how one task waits in several queues at once.
///
/// No frame is suspended on it, so it keeps itself alive from the moment it is queued until it has been woken.
final class CallbackWaiter: Waiter, @unchecked Sendable {
    // Sendable: `keepAlive` is set before the waiter is queued and cleared by the one who wakes it.
    private let action: @Sendable () -> Void
    private var keepAlive: CallbackWaiter?

    init(of host: any WaiterHost, _ action: @escaping @Sendable () -> Void) {
        self.action = action
        super.init(of: host, weight: 1, isHeld: false)
    }

    /// Queues the waiter through `admit`, as ``Waiter/wait(_:admit:)`` does; calls back at once if there is nothing to
    /// wait for.
    func start(admit: () -> Bool) {
        keepAlive = self
        if !admit() { wake() }
    }

    override func wake() {
        if outcome != .cancelled { action() }
        keepAlive = nil
    }
}
