package import Synchronization

/// Counts what is alive of the waiters and tasks that were made inside one leak check; only in debug builds.
///
/// Bound as a task-local value, so that tests that run at the same time do not see each other's objects.
package final class LeakLedger: Sendable {
    @TaskLocal package static var current: LeakLedger?

    package let waiters = Atomic(0)
    /// How many waiters have been made, also those that are gone.
    package let waitersMade = Atomic(0)
    package let tasks = Atomic(0)

    package init() {}
}
