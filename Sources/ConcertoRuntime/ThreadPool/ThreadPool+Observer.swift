extension ThreadPool {
    /// Is told what a pool does. All requirements have empty defaults.
    ///
    /// When nobody observes, a job costs two relaxed loads. When somebody does, every event takes a lock for as long as
    /// it takes to copy the list of observers.
    ///
    /// - Where it runs: on the thread where the event happens, in the middle of it. It must be fast, must not block, and
    ///   must not enqueue work on the same pool from ``jobEnqueued(_:)``.
    /// - Ordering: events of one job come in order. A job may be started, by another thread, before its enqueuer has
    ///   been told that it is enqueued is over.
    public protocol Observer: AnyObject, Sendable {
        /// A job was queued.
        func jobEnqueued(_ job: Job)
        /// A worker begins to run a job.
        func jobStarted(_ job: Job, worker: Int)
        /// A worker has run a job: a work item has ended, a task has suspended or ended. The runtime does not tell the
        /// pool which; a suspended task comes back with the same id.
        func jobStopped(_ job: Job, worker: Int)
        /// A worker blocks, by its own word (`declared`) or because the monitor found it, which is told first even if the
        /// worker says so as well. Each is followed by a ``workerRecovered(_:)``.
        func workerBlocked(_ worker: Int, declared: Bool)
        /// A worker that blocked runs again.
        func workerRecovered(_ worker: Int)
        /// A thread of the pool has started.
        func threadStarted(_ worker: Int)
        /// A thread of the pool ends.
        func threadRetired(_ worker: Int)
    }

    /// What the pool knows about a job. Valid on its own: it refers to nothing.
    public struct Job: Sendable, Equatable {
        /// What a job is.
        public enum Kind: Sendable, Hashable {
            /// A task becomes runnable.
            case task
            /// A default actor runs what waits for it. Tasks that wait inside a contended actor show up only as this.
            case actor
            /// The first half of a `Task.yield()`.
            case yield
            /// A closure of ``ThreadPool/queueWorkItem(priority:_:)``.
            case workItem
            /// Something else of the runtime's, by its number.
            case other(UInt8)
        }

        /// What it is.
        public let kind: Kind
        /// The id of its task, as in the description of a `Task`'s job; 0 if it is none.
        public let taskID: UInt64
        /// Its priority.
        public let priority: TaskPriority

        init(_ entry: Entry) {
            let flags = entry.flags
            priority = TaskPriority(rawValue: UInt8(truncatingIfNeeded: flags >> 8))
            if entry.workItem != nil {
                kind = .workItem
                taskID = 0
                return
            }
            switch flags & 0xFF {
            case 0: kind = .task
            case 193: kind = .actor
            case 195: kind = .yield
            default: kind = .other(UInt8(truncatingIfNeeded: flags))
            }
            taskID = entry.taskID
        }
    }

    /// Begins to tell `observer` what the pool does. The pool holds it until ``removeObserver(_:)``.
    public final func addObserver(_ observer: any Observer) { scheduler.observation.add(observer) }

    /// Ends it. Events that are being told may still arrive when this returns.
    public final func removeObserver(_ observer: any Observer) { scheduler.observation.remove(observer) }
}

extension ThreadPool.Observer {
    /// Does nothing.
    public func jobEnqueued(_ job: ThreadPool.Job) {}
    /// Does nothing.
    public func jobStarted(_ job: ThreadPool.Job, worker: Int) {}
    /// Does nothing.
    public func jobStopped(_ job: ThreadPool.Job, worker: Int) {}
    /// Does nothing.
    public func workerBlocked(_ worker: Int, declared: Bool) {}
    /// Does nothing.
    public func workerRecovered(_ worker: Int) {}
    /// Does nothing.
    public func threadStarted(_ worker: Int) {}
    /// Does nothing.
    public func threadRetired(_ worker: Int) {}
}
