/// The four classes of priority that the pool tells apart.
enum Lane: Int, CaseIterable {
    /// Above `.medium`: `.high`, `.userInitiated`. Also jobs without a priority: those end a `Task.sleep`, take
    /// nanoseconds and must not wait behind a backlog.
    case high
    /// `.medium`, the default.
    case normal
    /// `.low`, `.utility`.
    case low
    case background

    @inline(__always)
    init(flags: UInt32) {
        let priority = (flags >> 8) & 0xFF
        if priority == 21 {
            self = .normal
        } else if priority > 21 || priority == 0 {
            self = .high
        } else {
            self = priority > 17 ? .normal : priority > 9 ? .low : .background
        }
    }

    /// Whether a worker keeps jobs of this lane in its own queue.
    @inline(__always)
    var isLocal: Bool { rawValue <= Lane.normal.rawValue }
}
