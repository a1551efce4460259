import CConcerto

/// What a queue holds: a job of Swift's runtime, or a closure of `queueWorkItem`. One word, marked in its lowest bit.
struct Entry: Equatable {
    /// The word; 0 is no entry.
    let bits: UInt

    @inline(__always)
    init(bits: UInt) { self.bits = bits }

    @inline(__always)
    init(_ job: UnownedJob) { bits = unsafeBitCast(job, to: UInt.self) }

    @inline(__always)
    init(_ item: UnsafeMutablePointer<WorkItem>) { bits = UInt(bitPattern: item) | 1 }

    @inline(__always)
    var job: UnownedJob? { bits & 1 == 0 ? unsafeBitCast(bits, to: UnownedJob.self) : nil }

    @inline(__always)
    var workItem: UnsafeMutablePointer<WorkItem>? {
        bits & 1 == 0 ? nil : UnsafeMutablePointer(bitPattern: bits & ~1)
    }

    /// Where a queue may keep its link while it holds this entry. A job lends its first executor-private word, which
    /// is the executor's from `enqueue` until the job runs, and only then. An entry is in one queue at a time.
    @inline(__always)
    var link: UnsafeMutablePointer<UInt> {
        if let workItem { return UnsafeMutableRawPointer(workItem).assumingMemoryBound(to: UInt.self) }
        return concerto_job_words(UnsafeMutableRawPointer(bitPattern: bits)!)
    }

    /// When it was queued, in nanoseconds, where the pool measures its latency: the second word.
    @inline(__always)
    var stamp: UnsafeMutablePointer<UInt> { link + 1 }

    /// The flags of the job: kind in the low byte, priority in the next. A work item is a task of its priority.
    @inline(__always)
    var flags: UInt32 {
        if let workItem { return UInt32(workItem.pointee.priority) << 8 }
        return concerto_job_flags(UnsafeRawPointer(bitPattern: bits)!)
    }

    /// The id of the task, 0 if it is none.
    var taskID: UInt64 {
        workItem == nil ? concerto_job_task_id(UnsafeMutableRawPointer(bitPattern: bits)!) : 0
    }

    @inline(__always)
    var lane: Lane { Lane(flags: flags) }
}

/// A closure that waits for a thread. `link` and `stamp` come first, where ``Entry/link`` expects them.
struct WorkItem {
    var link: UInt = 0
    var stamp: UInt = 0
    var priority: UInt8
    var body: @Sendable () -> Void
    /// Keeps the pool while the item waits and runs, as a task keeps the pool it prefers: `ThreadPool.current` is unowned.
    /// `nil` for the default pool, which lives as long as the process.
    var pool: AnyObject?

    /// Takes the item out of its memory and runs it.
    static func run(_ pointer: UnsafeMutablePointer<WorkItem>) {
        let item = pointer.move()
        pointer.deallocate()
        item.body()
        withExtendedLifetime(item.pool) {}
    }
}
