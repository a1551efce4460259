/// Where a ``TaskHandle`` stands. The last three are final: a task that has reached one never leaves it.
public enum TaskStatus: UInt8, Sendable, Hashable {
    /// Made, but not started: it waits for ``TaskHandle/start(on:priority:)``.
    case created
    /// Waits for a thread, or for whoever has promised to complete it.
    case waiting
    /// Its body runs or is suspended.
    case running
    /// Ended with a value.
    case succeeded
    /// Ended with an error.
    case failed
    /// Ended by cancellation.
    case cancelled

    /// Whether the task has ended.
    public var isFinal: Bool { rawValue >= TaskStatus.succeeded.rawValue }
}
