import Concerto
import Synchronization

/// Blocks a thread until it is opened.
final class ThreadGate: Sendable {
    private let source = TaskCompletionSource<Void>()

    func open() { source.trySetResult() }

    func wait() {
        while !source.task.isCompleted {}
    }
}
