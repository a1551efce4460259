import CConcerto

/// Whether the running task has been cancelled; `false` outside of tasks.
///
/// What `Task.isCancelled` says, for hot paths: that takes and gives back a reference to the task, which is most of what
/// it costs.
@usableFromInline @inline(never)
package func isCurrentTaskCancelled() -> Bool { concerto_task_is_cancelled() }
