import Synchronization

/// A timer that is a sleeping task. Interim: replaced by the timer wheel.
final class TaskTimer: ScheduledTimer {
    private let action: Mutex<(@Sendable () -> Void)?>
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        self.action = Mutex(action)
        let task = Task {
            try? await Task.sleep(for: delay)
            self.take()?()
        }
        self.task.withLock { $0 = task }
    }

    func cancel() -> Bool {
        guard take() != nil else { return false }
        task.withLock { $0 }?.cancel()
        return true
    }

    private func take() -> (@Sendable () -> Void)? {
        action.withLock { action in
            defer { action = nil }
            return action
        }
    }
}
