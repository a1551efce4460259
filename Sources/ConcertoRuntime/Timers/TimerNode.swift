/// A timer in the wheel: one object, linked into its slot while it waits.
///
/// Every stored property but `deadline` and `service` is protected by the service's lock; hence `@unchecked`.
final class TimerNode: ScheduledTimer, @unchecked Sendable {
    enum Payload {
        case action(@Sendable () -> Void)
        /// A job of the runtime that waits for its time, as `Task.sleep` hands it over, and where it goes then.
        case job(UnownedJob, any TaskExecutor)
        /// A task in `MonotonicClock.sleep`.
        case sleeper(UnsafeContinuation<Void, any Error>)
        /// A sleep that was cancelled before it began.
        case cancelled
        case none
    }

    /// Whether firing it runs code of its owner. Of a node that is out of the wheel.
    var hasAction: Bool {
        if case .action = payload { true } else { false }
    }

    let deadline: Int64
    private let service: TimerService

    /// Breaks ties between equal deadlines: the order of scheduling.
    @exclusivity(unchecked) var sequence = TimerNode.neverInserted
    static let neverInserted = UInt64.max
    /// The tick at which the wheel looks at this timer: its deadline, rounded up.
    @exclusivity(unchecked) var tick: UInt64 = 0
    @exclusivity(unchecked) var payload: Payload
    /// Level times 64 plus slot, or `unlinked`.
    @exclusivity(unchecked) var position = TimerNode.unlinked
    /// The wheel holds one reference to every node it links; the links themselves are unowned.
    @exclusivity(unchecked) var next: Link?
    @exclusivity(unchecked) var previous: Link?

    /// A node by its address.
    typealias Link = UnsafeMutableRawPointer

    @inline(__always)
    static func at(_ link: Link) -> TimerNode { Unmanaged<TimerNode>.fromOpaque(link).takeUnretainedValue() }

    static let unlinked = UInt16.max

    init(deadline: Int64, payload: Payload, service: TimerService) {
        self.deadline = deadline
        self.payload = payload
        self.service = service
    }

    func cancel() -> Bool { service.remove(self) }
}
