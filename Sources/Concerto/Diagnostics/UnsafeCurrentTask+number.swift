import CConcerto

extension UnsafeCurrentTask {
    /// What tells the task from all others of the process. Its address does not: a later task may have it, one that has
    /// inherited a task-local value of this one.
    var number: UInt64 {
        #if os(Linux)
        concerto_job_task_id(unsafeBitCast(self, to: UnsafeMutableRawPointer.self))
        #else
        UInt64(UInt(bitPattern: hashValue))
        #endif
    }
}
