import ConcertoRuntime

/// The place of one resource in a pool.
struct PoolSlot {
    enum Phase {
        /// No resource.
        case free
        /// Idle or leased.
        case open
        /// Idle, but being looked at.
        case validating
        /// On its way out; a lease may still hold it, if the pool has been shut down under it.
        case closing
    }

    var phase = Phase.free
    var resource: (any PooledObject)?
    /// What tells this resource from others that had or will have the place.
    var ticket: UInt64 = 0
    var generation: UInt64 = 0
    /// How many leases hold it.
    var used = 0
    /// Whether it stands in the list of what can be leased.
    var isListed = false
    /// Whether it is closed when nobody holds it any more.
    var isDoomed = false
    var expires = TimerInstant.distantFuture
    /// When it was last opened, validated or given back.
    var returned = TimerInstant(nanoseconds: 0)

    // The latest lease.
    var taken = TimerInstant(nanoseconds: 0)
    var site: PoolSite?
    /// The task inside whose `withResource` it is held, by address; it cannot end meanwhile. 0 for other leases.
    var holder: UInt = 0
    var isReported = false
}

/// A resource as the pool's core knows it: in a box, so that what leasing costs does not depend on its type.
@usableFromInline
typealias PooledObject = AnyObject & Sendable

/// Where a lease was taken.
@usableFromInline
struct PoolSite: Sendable, CustomStringConvertible {
    let fileID: StaticString
    let line: UInt

    @usableFromInline
    init(fileID: StaticString, line: UInt) {
        self.fileID = fileID
        self.line = line
    }

    @usableFromInline var description: String { "\(fileID):\(line)" }
}

/// What a pool has to do once its lock has been released.
struct PoolWork {
    var wakes = WakeList()
    var openings: [PoolOpening] = []
    var validations: [PoolVisit] = []
    var closings: [PoolVisit] = []
    var upkeep: PendingTimer.Change?
    var retry: PendingTimer.Change?
}

/// A resource that is to be opened.
struct PoolOpening: Sendable {
    let number: UInt64
    let generation: UInt64
    let since: TimerInstant
}

/// A resource that is to be validated or closed.
struct PoolVisit: Sendable {
    let index: Int
    let ticket: UInt64
    let resource: any PooledObject
}
